import assert from 'node:assert/strict';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { hexOf, sha256 } from '../../../src/image/digest.js';
import { blobOf, blobsIn, ingestIn, noise, withContent } from './place.js';

const holds = async (data: string): Promise<string[]> =>
  (await ingestIn(data)).filter((name) => !name.startsWith('hold-'));

suite('blobs', () => {
  test('a document is written, found and read', async () => {
    await withContent(async ({ blobs }, data) => {
      const put = await blobs.put(Buffer.from('{}'), 'text/x');
      assert.deepEqual(put, { mediaType: 'text/x', ...blobOf(Buffer.from('{}')) });
      assert.equal(await blobs.has(put), true);
      assert.equal(await blobs.has({ ...put, size: 3 }), false);
      assert.equal((await blobs.read(put, 2)).toString(), '{}');
      assert.equal(blobs.path(put.digest), join(data, 'blobs/sha256', hexOf(put.digest)));
      assert.deepEqual(await blobs.put(Buffer.from('{}'), 'text/x'), put);
      assert.deepEqual(await holds(data), []);
    });
  });

  test('a blob is written in pieces, and is there only when it is whole', async () => {
    await withContent(async ({ blobs }, data) => {
      const bytes = noise(3000);
      const blob = blobOf(bytes);
      const ingest = await blobs.ingest(blob);
      assert(ingest);
      assert.equal(ingest.offset, 0);
      await ingest.write(bytes.subarray(0, 1000));
      assert.equal(await blobs.has(blob), false);
      await assert.rejects(ingest.commit(), { kind: 'corrupt', message: /has only 1000 of its 3000 bytes$/ });
      await ingest.write(bytes.subarray(1000));
      assert.equal(ingest.offset, 3000);
      await ingest.commit();
      assert.deepEqual(await readFile(blobs.path(blob.digest)), bytes);
      assert.equal(await blobs.ingest(blob), undefined);
      assert.deepEqual(await holds(data), []);
      await ingest.close(); // has ended already
    });
  });

  test('a blob of no bytes', async () => {
    await withContent(async ({ blobs }) => {
      const blob = blobOf(Buffer.alloc(0));
      await (await blobs.ingest(blob))?.commit();
      assert.equal((await blobs.read(blob, 0)).length, 0);
    });
  });

  test('what was interrupted is resumed, by another program too', async () => {
    const bytes = noise(2_500_000); // more than is read at a time
    const blob = blobOf(bytes);
    await withContent(async ({ blobs }, data) => {
      const first = await blobs.ingest(blob);
      await first?.write(bytes.subarray(0, 2_100_000));
      await first?.close();
      await withContent(async (other) => {
        const second = await other.blobs.ingest(blob);
        assert.equal(second?.offset, 2_100_000);
        await second.write(bytes.subarray(second.offset));
        await second.commit();
      }, data);
      assert.deepEqual(await blobs.read(blob, bytes.length), bytes);
    });
  });

  test('a download that begins again keeps nothing of the earlier one', async () => {
    await withContent(async ({ blobs }) => {
      const bytes = noise(100);
      const ingest = await blobs.ingest(blobOf(bytes));
      await ingest?.write(noise(50));
      await ingest?.restart();
      assert.equal(ingest?.offset, 0);
      await ingest.write(bytes);
      await ingest.commit();
      assert.equal(await blobs.has(blobOf(bytes)), true);
    });
  });

  test('bytes of another digest are refused, and nothing is left', async () => {
    await withContent(async ({ blobs }, data) => {
      const blob = blobOf(noise(100));
      const other = noise(100);
      const ingest = await blobs.ingest(blob);
      await ingest?.write(other);
      assert(ingest);
      await assert.rejects(ingest.commit(), {
        kind: 'corrupt',
        message: `what came as ${blob.digest} has the digest ${sha256(other)}`,
      });
      assert.deepEqual([await holds(data), await blobsIn(data)], [[], []]);
      assert.equal((await blobs.ingest(blob))?.offset, 0);
    });
  });

  test('more bytes than there are to be are refused when they come', async () => {
    await withContent(async ({ blobs }, data) => {
      const ingest = await blobs.ingest(blobOf(noise(100)));
      assert(ingest);
      await assert.rejects(ingest.write(noise(101)), {
        kind: 'corrupt',
        message: /more than its 100 bytes$/,
      });
      assert.deepEqual(await holds(data), []);
    });
  });

  test('a partial file that is too long is no beginning', async () => {
    await withContent(async ({ blobs }, data) => {
      const blob = blobOf(noise(10));
      await writeFile(join(data, 'ingest', `sha256-${hexOf(blob.digest)}`), noise(11));
      assert.equal((await blobs.ingest(blob))?.offset, 0);
    });
  });

  test('two that want the same blob: the second waits, and finds it there', async () => {
    await withContent(async ({ blobs }, data) => {
      await withContent(async (other) => {
        const bytes = noise(10);
        const first = await blobs.ingest(blobOf(bytes));
        const second = other.blobs.ingest(blobOf(bytes));
        await first?.write(bytes);
        await first?.commit();
        assert.equal(await second, undefined);
        assert.deepEqual(await holds(data), []);
      }, data);
    });
  });

  test('two that want the same blob: the second goes on where the first stops', async () => {
    await withContent(async ({ blobs }) => {
      const bytes = noise(10);
      const first = await blobs.ingest(blobOf(bytes));
      const second = blobs.ingest(blobOf(bytes));
      await first?.write(bytes.subarray(0, 4));
      await first?.close();
      const resumed = await second;
      assert.equal(resumed?.offset, 4);
      await resumed.abort();
    });
  });

  test('who waits can be told to stop', async () => {
    await withContent(async ({ blobs }) => {
      const blob = blobOf(noise(10));
      const first = await blobs.ingest(blob);
      const stop = new AbortController();
      const second = blobs.ingest(blob, { signal: stop.signal });
      stop.abort();
      await assert.rejects(second, { kind: 'cancelled' });
      await first?.abort();
    });
  });

  test('a blob whose digest is not known before', async () => {
    await withContent(async ({ blobs }, data) => {
      const bytes = noise(1000);
      for (const times of [1, 2]) {
        const made = await blobs.create();
        await made.write(bytes.subarray(0, 10));
        await made.write(bytes.subarray(10));
        assert.deepEqual(await made.commit(), blobOf(bytes), `${times}`);
      }
      const dropped = await blobs.create();
      await dropped.write(bytes);
      await dropped.abort();
      assert.deepEqual([await holds(data), await blobsIn(data)], [[], [sha256(bytes)]]);
    });
  });

  test('what is not there, is of another size or was changed is told when it is read', async () => {
    await withContent(async ({ blobs }) => {
      const missing = blobOf(noise(10));
      await assert.rejects(blobs.read(missing, 10), {
        kind: 'not-found',
        message: `${missing.digest} is not in the store`,
      });
      const put = await blobs.put(noise(10), 'text/x');
      await assert.rejects(blobs.read(put, 9), { kind: 'exhausted' });
      await assert.rejects(blobs.read({ ...put, size: 9 }, 10), { kind: 'corrupt' });
      await assert.rejects(blobs.read({ ...put, size: 11 }, 11), { kind: 'corrupt' });
      await writeFile(blobs.path(put.digest), noise(10));
      await assert.rejects(blobs.read(put, 10), { kind: 'corrupt', message: /has the digest sha256:/ });
      await truncate(blobs.path(put.digest), 5);
      assert.equal(await blobs.has(put), false);
      await assert.rejects(blobs.read(put, 10), { kind: 'corrupt', message: /has 5 instead of 10 bytes$/ });
    });
  });

  test('only root reads blobs, which may hold secrets', async () => {
    await withContent(async (_, data) => {
      for (const path of ['blobs/sha256', 'ingest']) {
        assert.equal((await stat(join(data, path))).mode & 0o777, 0o700, path);
      }
    });
  });
});
