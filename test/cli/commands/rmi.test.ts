import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hostPlatform } from '../../../src/image/platform.js';
import { inFolder, makeImage, withContent } from '../../image/content/place.js';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const program = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

test('rmi removes what was unpacked of an image as well, and not what a container needs', { skip }, () =>
  inFolder(async (folder) => {
    const data = join(folder, 'data');
    const jailer = (...words: string[]): string => {
      const args = [program, '--data-dir', data, ...words];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      assert.equal(`${status} ${stderr}`, '0 ');
      return stdout;
    };
    const unpacked = async (): Promise<number> => {
      const [kind = ''] = await readdir(join(data, 'roots'));
      return (await readdir(join(data, 'roots', kind, 'unpacked'))).length;
    };
    await withContent(async ({ blobs, images }) => {
      // A tar without members.
      const { manifest } = await makeImage(blobs, [Buffer.alloc(1024)], hostPlatform());
      images.set('docker.io/library/web:latest', manifest);
    }, data);

    jailer('create', '--name', 'one', 'web', 'true');
    assert.equal(jailer('rmi', '--force', 'web'), 'docker.io/library/web:latest\n');
    assert.equal(await unpacked(), 1);
    jailer('rm', 'one');

    await withContent(async ({ blobs, images }) => {
      const { manifest } = await makeImage(blobs, [Buffer.alloc(1024)], hostPlatform());
      images.set('docker.io/library/web:latest', manifest);
    }, data);
    jailer('rmi', 'web');
    assert.equal(await unpacked(), 0);
    assert.deepEqual(await readdir(join(data, 'blobs/sha256')), []);
  }),
);
