import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openImageStore } from '../../../src/cli/image/open.js';
import { inFolder } from '../../image/content/place.js';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const program = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

test('the root of a step whose build was killed, and what it downloaded, go with their locks', { skip }, () =>
  inFolder(async (folder) => {
    const data = join(folder, 'data');
    const store = await openImageStore({ data, launcher: '' });
    const { written } = await store.roots.create('build-1', []);
    await store.close();
    await mkdir(join(data, 'containers'));
    await writeFile(join(data, 'containers/build-1.lock'), '');
    await mkdir(join(data, 'containers/add-1'));
    await writeFile(join(data, 'containers/add-1/file'), 'half of it');
    await writeFile(join(data, 'containers/add-1.lock'), '');

    const args = [program, '--data-dir', data, 'ps', '-q'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(`${status} ${stdout}${stderr}`, '0 ');
    assert.equal(existsSync(written), false);
    assert.deepEqual(await readdir(join(data, 'containers')), []);
  }),
);
