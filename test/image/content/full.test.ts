import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { sha256 } from '../../../src/image/digest.js';
import { notRootOnLinux } from '../../kernel/kernels.js';
import { load, tarOf } from '../archive/tars.js';
import { blobOf, blobsIn, ingestIn, inFolder, makeImage, noise, withContent } from './place.js';

const mebibyte = 1024 * 1024;

/** A data directory on a disk of two mebibytes. */
async function onSmallDisk(
  body: (data: string, free: () => Promise<number>) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
    try {
      await body(join(folder, 'data'), async () => {
        const { bavail, bsize } = await statfs(folder);
        return bavail * bsize;
      });
    } finally {
      execFileSync('umount', [folder]);
    }
  });
}

suite('a full disk', { skip: notRootOnLinux }, () => {
  test('a download that does not fit is told in a line, and nothing of it is left', async () => {
    await onSmallDisk(async (data, free) => {
      await withContent(async ({ blobs }) => {
        await blobs.put(noise(10), 'text/x');
        const before = await free();
        const bytes = noise(4 * mebibyte);
        const ingest = await blobs.ingest(blobOf(bytes));
        assert(ingest);
        await assert.rejects(ingest.write(bytes), {
          kind: 'exhausted',
          message: /\/ingest\/sha256-[0-9a-f]{64}: no space left on the disk$/,
        });
        const created = await blobs.create();
        await assert.rejects(created.write(bytes), { kind: 'exhausted' });
        assert.equal(await free(), before);
        await blobs.put(noise(10), 'text/x');
      }, data);
    });
  });

  test('an archive that does not fit', async () => {
    await onSmallDisk(async (data) => {
      await withContent(async (content) => {
        const bytes = noise(4 * mebibyte);
        const tar = await tarOf([{ name: `blobs/sha256/${sha256(bytes).slice(7)}`, body: bytes }]);
        await assert.rejects(load(content, tar, 100_000), {
          kind: 'exhausted',
          message: /^x\.tar: .*: no space left on the disk$/,
        });
        assert.deepEqual(
          (await ingestIn(data)).filter((name) => !name.startsWith('hold-')),
          [],
        );
      }, data);
    });
  });

  test('what fills it can be removed', async () => {
    await onSmallDisk(async (data, free) => {
      await withContent(async ({ blobs, images }) => {
        const { manifest } = await makeImage(blobs, [noise(mebibyte)]);
        images.set('big:1', manifest);
        for (let size = 65_536; size >= 4096;) {
          const created = await blobs.create();
          try {
            await created.write(noise(size));
            await created.commit();
          } catch {
            await created.abort();
            size /= 2;
          }
        }
      }, data);
      await withContent(async ({ images, collect }) => {
        images.remove('big:1');
        await collect();
        assert.deepEqual(await blobsIn(data), []);
        assert((await free()) > mebibyte);
      }, data);
    });
  });
});
