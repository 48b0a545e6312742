import assert from 'node:assert/strict';
import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { openContent } from '../../../src/image/content/content.js';
import { hexOf, sha256 } from '../../../src/image/digest.js';
import { blobOf, blobsIn, ingestIn, inFolder, makeImage, makeIndex, noise, withContent } from './place.js';

const digests = (blobs: readonly { digest: string }[]): string[] => blobs.map(({ digest }) => digest).sort();

/** Opens for each step anew, as programs one after the other do: what one holds does not keep it for the next. */
const stores = (body: (data: string) => Promise<void>): Promise<void> =>
  inFolder((folder) => body(join(folder, 'data')));

suite('garbage collection', () => {
  test('what nothing refers to goes, and it is said what that was', async () => {
    await stores(async (data) => {
      let parts: readonly { digest: string; size: number }[] = [];
      await withContent(async ({ blobs }) => {
        parts = (await makeImage(blobs)).blobs;
      }, data);
      await withContent(async ({ collect }) => {
        const { blobs, swept } = await collect();
        assert.deepEqual(digests(blobs), digests(parts));
        assert.equal(
          blobs.reduce((sum, { size }) => sum + size, 0),
          parts.reduce((sum, { size }) => sum + size, 0),
        );
        assert.deepEqual(swept, { files: 0, bytes: 0 });
        assert.deepEqual(await collect(), { blobs: [], swept });
      }, data);
      assert.deepEqual([await blobsIn(data), await ingestIn(data)], [[], []]);
    });
  });

  test('a name keeps an index, its manifests and theirs; layers that two share stay for the other', async () => {
    await stores(async (data) => {
      const shared = noise(50);
      let kept: string[] = [];
      await withContent(async ({ blobs, images }) => {
        const [one, two] = [await makeImage(blobs, [shared, noise(9)]), await makeImage(blobs, [shared])];
        const index = await makeIndex(blobs, [one.manifest]);
        kept = digests([index, ...one.blobs]);
        images.set('keep:1', index);
        images.set('drop:1', two.manifest);
      }, data);
      await withContent(async ({ images, collect }) => {
        images.remove('drop:1');
        assert.equal((await collect()).blobs.length, 2);
        assert.deepEqual(await blobsIn(data), kept);
      }, data);
    });
  });

  test('a lease keeps what a container needs, until it is released', async () => {
    await stores(async (data) => {
      await withContent(async ({ blobs, leases }) => {
        const { manifest } = await makeImage(blobs);
        leases.set('container/a', [manifest.digest]);
        assert.throws(
          () => {
            leases.set('container/a', [sha256('nowhere')]);
          },
          { kind: 'not-found' },
        );
        assert.deepEqual(leases.list('container/a'), [{ key: 'container/a', digest: manifest.digest }]);
      }, data);
      await withContent(async ({ leases, collect }) => {
        assert.equal((await collect()).blobs.length, 0);
        assert.equal((await blobsIn(data)).length, 3);
        leases.release('container/a');
        assert.equal((await collect()).blobs.length, 3);
      }, data);
    });
  });

  test('what a running program found, wrote or is writing stays', async () => {
    await stores(async (data) => {
      let old = blobOf(noise(1));
      await withContent(async ({ blobs }) => {
        old = await blobs.put(noise(30), 'text/x');
      }, data);
      await withContent(async ({ blobs }) => {
        assert.equal(await blobs.has(old), true);
        const put = await blobs.put(noise(20), 'text/x');
        const bytes = noise(10);
        const ingest = await blobs.ingest(blobOf(bytes));
        await ingest?.write(bytes.subarray(0, 5));
        const created = await blobs.create();
        await created.write(bytes);
        await withContent(async ({ collect }) => {
          assert.deepEqual(await collect({ stale: -1 }), { blobs: [], swept: { files: 0, bytes: 0 } });
        }, data);
        await ingest?.write(bytes.subarray(5));
        await ingest?.commit();
        await created.commit();
        await withContent(async ({ collect }) => {
          assert.deepEqual((await collect()).blobs, []);
        }, data);
        assert.deepEqual(await blobsIn(data), digests([old, put, blobOf(bytes)]));
      }, data);
      await withContent(async ({ collect }) => {
        assert.equal((await collect()).blobs.length, 3);
      }, data);
    });
  });

  test('downloads are kept for a while, what else was left is not', async () => {
    await stores(async (data) => {
      const [young, old] = [blobOf(noise(10)), blobOf(noise(10))];
      await withContent(async ({ blobs }) => {
        for (const blob of [young, old]) {
          const ingest = await blobs.ingest(blob);
          await ingest?.write(noise(4));
          await ingest?.close();
        }
      }, data);
      const partial = (blob: typeof old): string => join(data, 'ingest', `sha256-${hexOf(blob.digest)}`);
      const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 60 * 60;
      await utimes(partial(old), twoDaysAgo, twoDaysAgo);
      for (const kind of ['new', 'hold', 'trash', 'write']) {
        await writeFile(join(data, 'ingest', `${kind}-0123456789abcdef`), '123');
      }
      await utimes(join(data, 'ingest/write-0123456789abcdef'), twoDaysAgo, twoDaysAgo);
      await withContent(async ({ blobs, collect }) => {
        assert.deepEqual((await collect()).swept, { files: 5, bytes: 16 });
        const ingest = await blobs.ingest(young);
        assert.equal(ingest?.offset, 4);
        await ingest.abort();
      }, data);
    });
  });

  test('many programs at once: what one names is never missing', async () => {
    await stores(async (data) => {
      // As several programs: each has its own connection and its own locks.
      const collecting = await openContent(data);
      let done = false;
      const collector = (async () => {
        let blobs = 0;
        while (!done) {
          blobs += (await collecting.collect()).blobs.length;
          await new Promise(setImmediate);
        }
        return blobs;
      })();
      // The same few layers come and go, so that one program needs what another has just given up.
      const layers: [Buffer, Buffer] = [noise(100), noise(100)];
      const puller = async (name: string): Promise<void> => {
        for (let round = 0; round < 12; round++) {
          await withContent(async ({ blobs, images, verify }) => {
            const image = await makeImage(blobs, layers);
            images.set(name, image.manifest);
            await blobs.read(image.blobs[2], 100);
            assert.deepEqual(await verify(), []);
            images.remove(name);
          }, data);
        }
      };
      await Promise.all(['a:1', 'b:1', 'c:1'].map(puller)).finally(() => {
        done = true;
      });
      await collector;
      await collecting.collect();
      assert.deepEqual(await blobsIn(data), []);
      await collecting.close();
    });
  });

  test('what gets a name or a lease while garbage is looked for stays', async () => {
    for (const way of ['name', 'lease'] as const) {
      await stores(async (data) => {
        const made = await openContent(data);
        const [kept, dropped] = [await makeImage(made.blobs), await makeImage(made.blobs)];
        await made.close();
        const other = await openContent(data);
        let looks = 0;
        // It is asked between the search and each taking away.
        const signal = {
          get aborted() {
            looks += 1;
            if (looks === 1 && way === 'name') other.images.set('late:1', kept.manifest);
            if (looks === 1 && way === 'lease') other.leases.set('late', [kept.manifest.digest]);
            return false;
          },
        } as AbortSignal;
        await withContent(async ({ collect, verify }) => {
          assert.deepEqual(digests((await collect({ signal })).blobs), digests(dropped.blobs), way);
          assert.deepEqual(await verify(), [], way);
        }, data);
        assert.deepEqual(await blobsIn(data), digests(kept.blobs), way);
        assert(looks > 1, way);
        await other.close();
      });
    }
  });

  test('what failed work has written goes, and nothing else', async () => {
    await stores(async (data) => {
      const kept: string[] = [];
      await withContent(async ({ blobs }) => {
        kept.push((await blobs.put(noise(10), 'text/x')).digest);
      }, data);
      await withContent(async ({ blobs, images, abandon }) => {
        const [failed, named] = [await makeImage(blobs), await makeImage(blobs)];
        images.set('a:1', named.manifest);
        kept.push(...digests(named.blobs));
        const bytes = noise(20);
        const ingest = await blobs.ingest(blobOf(bytes));
        await ingest?.write(bytes);
        await ingest?.commit();
        assert.deepEqual(digests((await abandon()).blobs), digests([...failed.blobs, blobOf(bytes)]));
        assert.deepEqual(await blobsIn(data), kept.sort());
      }, data);
    });
  });

  test('a blob that is gone already is nobody’s concern', async () => {
    await stores(async (data) => {
      await withContent(async ({ blobs }) => {
        const put = await blobs.put(noise(30), 'text/x');
        await rm(blobs.path(put.digest));
      }, data);
      await withContent(async ({ collect }) => {
        assert.deepEqual((await collect()).blobs, []);
      }, data);
    });
  });
});
