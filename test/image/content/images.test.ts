import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { platformToJson, type Descriptor } from '../../../src/image/descriptor.js';
import { blobOf, makeImage, makeIndex, noise, withContent } from './place.js';

const index = async (data: string): Promise<{ manifests: { digest: string; annotations: object }[] }> =>
  JSON.parse(await readFile(join(data, 'index.json'), 'utf8')) as never;

const name = 'docker.io/library/web:1';

suite('names of images', () => {
  test('an image has a name, until another has it or it is taken away', async () => {
    await withContent(async ({ blobs, images }) => {
      const [one, two] = [(await makeImage(blobs)).manifest, (await makeImage(blobs)).manifest];
      assert.equal(images.set(name, one), undefined);
      assert.deepEqual(images.get(name)?.target, one);
      assert.throws(() => images.set(name, two, { replace: false }), {
        kind: 'already-exists',
        message: `there is an image ${name} already, ${one.digest}`,
      });
      assert.deepEqual(images.set(name, two)?.target, one);
      images.set('a.example/b:c', one);
      assert.deepEqual(
        images.list().map((image) => [image.name, image.target.digest]),
        [
          ['a.example/b:c', one.digest],
          [name, two.digest],
        ],
      );
      assert.deepEqual(images.remove(name)?.target, two);
      assert.equal(images.remove(name), undefined);
      assert.equal(images.get(name), undefined);
    });
  });

  test('index.json names what the database does, also for a program that opens it later', async () => {
    await withContent(async ({ blobs, images }, data) => {
      assert.deepEqual((await index(data)).manifests, []);
      const { manifest } = await makeImage(blobs);
      const platform = { os: 'freebsd', architecture: 'amd64' };
      images.set(name, { ...manifest, platform, annotations: new Map([['a', 'b']]) });
      const annotations = { a: 'b', 'org.opencontainers.image.ref.name': name };
      assert.deepEqual((await index(data)).manifests, [
        { ...manifest, annotations, platform: platformToJson(platform) },
      ]);
      assert.equal(images.get(name)?.target.annotations?.size, 1);
      await writeFile(join(data, 'index.json'), '{}');
      await withContent(async () => {
        assert.equal((await index(data)).manifests.length, 1);
      }, data);
      images.remove(name);
      assert.deepEqual((await index(data)).manifests, []);
    });
  });

  test('what is not whole has no name', async () => {
    await withContent(async ({ blobs, images }) => {
      const { manifest, blobs: parts } = await makeImage(blobs);
      for (const { digest } of parts.toReversed()) {
        await rm(blobs.path(digest));
        assert.throws(() => images.set(name, manifest), { kind: 'not-found', message: new RegExp(digest) });
      }
      assert.deepEqual(images.list(), []);
    });
  });

  test('of an index one platform is enough', async () => {
    await withContent(async ({ blobs, images }) => {
      const [one, two] = [await makeImage(blobs), await makeImage(blobs)];
      const target = await makeIndex(blobs, [one.manifest, two.manifest]);
      images.set(name, target);
      await rm(blobs.path(one.manifest.digest));
      images.set(name, target);
      await rm(blobs.path(two.blobs[2].digest));
      assert.throws(() => images.set(name, target), { kind: 'not-found' });
    });
  });

  test('a name that would disturb lists is refused', async () => {
    await withContent(async ({ blobs, images }) => {
      const { manifest } = await makeImage(blobs);
      for (const bad of ['', 'a b', 'a\n', 'a\u202e', 'x'.repeat(513)]) {
        assert.throws(() => images.set(bad, manifest), { kind: 'invalid' }, JSON.stringify(bad));
      }
    });
  });

  test('a database of another program is not touched', async () => {
    await withContent(async (_, data) => {
      await writeFile(join(data, 'images.db'), 'no database at all, but some text that is long enough');
      await assert.rejects(
        withContent(() => Promise.resolve(), data),
        { kind: 'failed', message: /images\.db: .*not a database/ },
      );
    });
  });

  test('a layout of another version is not touched', async () => {
    await withContent(async (_, data) => {
      await writeFile(join(data, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}');
      await assert.rejects(
        withContent(() => Promise.resolve(), data),
        { kind: 'unsupported', message: /oci-layout: version "2\.0\.0", 1\.0\.0 is known$/ },
      );
    });
  });
});

test('an index of indexes that name the same missing image again and again is looked through at once', () =>
  withContent(async ({ blobs, images }) => {
    const { manifest } = await makeImage(blobs);
    let top: Descriptor = { ...manifest, ...blobOf(noise(10)) };
    for (let level = 0; level < 6; level += 1) top = await makeIndex(blobs, Array<Descriptor>(100).fill(top));
    assert.throws(() => images.set('laughter', top), /^ImageError: image laughter: sha256:.* is missing$/);
    const index = await makeIndex(blobs, [top, manifest]);
    images.set('laughter', index);
    assert.equal(images.get('laughter')?.target.digest, index.digest);
  }));
