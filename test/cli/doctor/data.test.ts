import assert from 'node:assert/strict';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { Check } from '../../../src/cli/doctor/check.js';
import { dataChecks } from '../../../src/cli/doctor/data.js';
import { inFolder, makeImage, withContent } from '../../image/content/place.js';

/** How full the disk is, is not this test's. */
const wrong = async (data: string): Promise<Check[]> =>
  (await dataChecks(data)).filter(({ ok, name }) => !ok && name !== 'free space');

suite('what the doctor sees of the data directory', () => {
  test('one that is not there yet is well, and is not made', async () => {
    await inFolder(async (folder) => {
      assert.deepEqual(await wrong(join(folder, 'a/b')), []);
      await mkdir(join(folder, 'a'));
    });
  });

  test('one that others may write, and one that is none', async () => {
    await inFolder(async (folder) => {
      const data = join(folder, 'data');
      await mkdir(data);
      await chmod(data, 0o777);
      assert.deepEqual(
        (await wrong(data)).map(({ remedy }) => remedy),
        [`chmod go-w ${data}`],
      );
      await writeFile(join(folder, 'file'), '');
      assert.match((await wrong(join(folder, 'file')))[0]?.problem ?? '', /is no directory$/);
    });
  });

  test('images that are not whole', async () => {
    await withContent(async ({ blobs, images }, data) => {
      const { manifest, blobs: parts } = await makeImage(blobs);
      images.set('a:1', manifest);
      assert.deepEqual(await wrong(data), []);
      await rm(blobs.path(parts[2].digest));
      const [check] = await wrong(data);
      assert.deepEqual([check?.name, check?.remedy], ['image a:1', 'pull or load it again']);
    });
  });

  test('blobs that have changed, if they are to be read', async () => {
    await withContent(async ({ blobs, images }, data) => {
      const { manifest, blobs: parts } = await makeImage(blobs);
      images.set('a:1', manifest);
      await writeFile(blobs.path(parts[2].digest), Buffer.alloc(parts[2].size));
      assert.deepEqual(await wrong(data), []);
      const [check] = (await dataChecks(data, true)).filter(({ ok, name }) => !ok && name !== 'free space');
      assert.equal(check?.name, blobs.path(parts[2].digest));
      assert.match(check.remedy ?? '', /^remove it, and pull or load/);
    });
  });

  test('images that cannot be opened', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"7"}');
      await chmod(folder, 0o755);
      const [check] = await wrong(folder);
      assert.match(check?.problem ?? '', /version "7"/);
    });
  });
});
