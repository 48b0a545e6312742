import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { blobsIn, inFolder, makeImage, noise, withContent, ingestIn } from '../../image/content/place.js';

const program = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

interface Outcome {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

function jailer(data: string, args: readonly string[], input: Uint8Array = Buffer.alloc(0)): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--data-dir', data, ...args], {
    input,
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, stdout, stderr: stderr.toString() };
}

/** Two data directories, the first with an image by the name web:1. */
const withImage = (body: (from: string, to: string, folder: string) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const from = join(folder, 'from');
    await withContent(async ({ blobs, images }) => {
      images.set('docker.io/library/web:1', (await makeImage(blobs, [noise(100_000)])).manifest);
    }, from);
    await body(from, join(folder, 'to'), folder);
  });

suite('jailer save and load', () => {
  test('an image goes by a file, and by a pipe', async () => {
    await withImage(async (from, to, folder) => {
      const file = join(folder, 'a.tar');
      assert.deepEqual(jailer(from, ['save', '-o', file, 'web:1']), {
        status: 0,
        stdout: Buffer.alloc(0),
        stderr: '',
      });
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      const piped = jailer(from, ['save', 'web:1']).stdout;
      assert.deepEqual(piped, await readFile(file));
      for (const [args, input] of [
        [[file], undefined],
        [['-i', file], undefined],
        [[], piped],
        [['-'], piped],
      ] as const) {
        const { status, stdout, stderr } = jailer(to, ['load', ...args], input);
        assert.deepEqual([status, stdout.toString(), stderr], [0, 'loaded web:1\n', '']);
      }
      assert.equal(jailer(to, ['load', '-q', file]).stdout.toString(), 'web:1\n');
      assert.deepEqual(await blobsIn(to), await blobsIn(from));
    });
  });

  test('what cannot be done is told in a line, and leaves nothing', async () => {
    await withImage(async (from, to, folder) => {
      const fails = (data: string, args: readonly string[], line: RegExp, input?: Uint8Array): void => {
        const { status, stdout, stderr } = jailer(data, args, input);
        assert.match(stderr, line);
        assert.match(stderr, /^jailer: [^\n]+\n$/);
        assert.deepEqual([status, stdout.length], [125, 0]);
      };
      fails(from, ['save', 'none:1'], /there is no image docker\.io\/library\/none:1: see jailer images/);
      fails(from, ['save', '-o', `${folder}/no/a.tar`, 'web:1'], /\/no\/a\.tar.*ENOENT/);
      fails(from, ['save', '-o', folder, 'web:1'], /EISDIR|EEXIST|directory/);
      fails(to, ['load', `${folder}/none.tar`], /none\.tar: .*ENOENT/);
      fails(to, ['load'], /standard input: no archive of images/);
      const archive = jailer(from, ['save', 'web:1']).stdout;
      fails(to, ['load'], /standard input: .* ends within/, archive.subarray(0, 50_000));
      const damaged = Buffer.from(archive);
      damaged.writeUInt32LE(7, archive.length - 50_000);
      fails(to, ['load'], /standard input: what came as sha256:\S+ has the digest sha256:\S+$/m, damaged);
      assert.deepEqual(await blobsIn(to), []);
      assert.deepEqual(await ingestIn(to), []);
      assert.deepEqual((await readdir(folder)).sort(), ['from', 'to']);
    });
  });
});
