import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { exportArchive } from '../../../src/image/archive/export.js';
import { chooseSeed, Random } from '../../ttrpc/random.js';
import { collected } from '../archive/tars.js';
import { blobsIn, ingestIn, inFolder, makeImage, noise, withContent } from './place.js';

const program = fileURLToPath(new URL('kill-program.js', import.meta.url));

/** How many programs are killed, each at another moment; all of them takes half a minute: KILL_MOMENTS=1000 */
const moments = Number(process.env['KILL_MOMENTS'] ?? 12);

test('a program is killed at any moment, and the store is sound for the next', async () => {
  const seed = chooseSeed();
  console.log(`FUZZ_SEED=${seed}`);
  const random = new Random(seed);
  await inFolder(async (folder) => {
    const [data, archive, output] = ['data', 'a.tar.gz', 'out.tar'].map((name) => join(folder, name));
    assert(data !== undefined && archive !== undefined && output !== undefined);
    await withContent(async ({ blobs }) => {
      const { manifest } = await makeImage(blobs, [noise(300_000), noise(100_000)]);
      const images = [{ name: 'docker.io/library/web:1', target: manifest }];
      const tar = await exportArchive(blobs, images, { format: 'oci' });
      await writeFile(archive, gzipSync(await collected(tar), { level: 1 }));
    });
    const run = (last: number): { signal: string | null; stdout: string; stderr: string } =>
      spawnSync(process.execPath, [program, data, archive, output, `${last}`], { encoding: 'utf8' });

    const undisturbed = run(0);
    const all = Number(undisturbed.stdout);
    assert(all > 50, undisturbed.stderr);
    assert.deepEqual(await blobsIn(data), []);
    const count = Math.min(moments, all);
    for (let i = 0; i < count; i++) {
      // What one leaves, the next finds: it may have less to do, and not come as far.
      const last = 1 + Math.floor((i * all) / count) + random.below(Math.ceil(all / count));
      const { signal, stdout, stderr } = run(last);
      assert(
        signal === 'SIGKILL' || (stdout !== '' && Number(stdout) < last),
        `${last} of ${all}: ${stderr}`,
      );
      await withContent(async ({ verify }) => {
        assert.deepEqual(await verify(), [], `after a kill at ${last} of ${all}`);
      }, data);
    }
    const { stdout, stderr } = run(0);
    assert(Number(stdout) > 50, stderr);
    assert.deepEqual(await blobsIn(data), []);
    const left = (await ingestIn(data)).filter((name) => !name.startsWith('write-'));
    assert.deepEqual(left, []);
  });
});
