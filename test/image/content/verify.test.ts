import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { Content } from '../../../src/image/content/content.js';
import { makeImage, withContent } from './place.js';

const findings = async ({ verify }: Content, options = {}): Promise<[string, string][]> =>
  (await verify(options)).map(({ object, problem }) => [object, problem]);

suite('verification of a store', () => {
  test('a store that is as it should be', async () => {
    await withContent(async (content) => {
      const { manifest } = await makeImage(content.blobs);
      content.images.set('a:1', manifest);
      content.leases.set('container/a', [manifest.digest]);
      assert.deepEqual(await findings(content), []);
    });
  });

  test('each thing that is wrong is told, with what it is about', async () => {
    await withContent(async (content, data) => {
      const { manifest, blobs } = await makeImage(content.blobs);
      const [, config, layer] = blobs;
      content.images.set('a:1', manifest);
      content.leases.set('container/a', [layer.digest]);
      await writeFile(content.blobs.path(config.digest), Buffer.alloc(config.size));
      await rm(content.blobs.path(layer.digest));
      await writeFile(join(data, 'blobs/sha256/README'), '');
      await writeFile(join(data, 'index.json'), '{}');
      await writeFile(join(data, 'oci-layout'), '{}');
      await mkdir(join(data, 'ingest/new'));
      const found = new Map(await findings(content));
      const expected: [string, RegExp][] = [
        [content.blobs.path(config.digest), /has the digest/],
        ['image a:1', new RegExp(`^${layer.digest}, a .*, is missing$`)],
        ['lease container/a', new RegExp(`^${layer.digest} is missing$`)],
        [join(data, 'blobs/sha256/README'), /is no blob/],
        [join(data, 'index.json'), /other images/],
        [join(data, 'oci-layout'), /version undefined/],
        [join(data, 'ingest/new'), /not made by this program/],
      ];
      for (const [object, problem] of expected) assert.match(found.get(object) ?? '', problem, object);
      assert.equal(found.size, expected.length);
    });
  });

  test('sizes alone are looked at when that is what was asked for', async () => {
    await withContent(async (content) => {
      const { manifest } = await makeImage(content.blobs);
      await writeFile(content.blobs.path(manifest.digest), Buffer.alloc(manifest.size));
      assert.deepEqual(await findings(content, { digests: false }), []);
      assert.equal((await findings(content)).length, 1);
    });
  });
});
