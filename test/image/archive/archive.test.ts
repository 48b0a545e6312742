import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { exportArchive, type ExportOptions, type Exported } from '../../../src/image/archive/export.js';
import type { Content } from '../../../src/image/content/content.js';
import { sha256 } from '../../../src/image/digest.js';
import { blobsIn, ingestIn, makeImage, makeIndex, noise, withContent } from '../content/place.js';
import { collected, load, tarOf } from './tars.js';

const name = 'docker.io/library/web:1';

const save = async (
  { blobs }: Content,
  images: readonly Exported[],
  options: ExportOptions = { format: 'oci' },
): Promise<Buffer> => collected(await exportArchive(blobs, images, options));

suite('archives of images', () => {
  for (const format of ['oci', 'docker'] as const) {
    test(`what is saved as ${format} is loaded as the same`, async () => {
      await withContent(async (one, from) => {
        const image = await makeImage(one.blobs, [noise(100_000), noise(511), noise(512)]);
        const images = [
          { name, target: image.manifest },
          { name: 'a.example/b:2', target: { ...image.manifest, annotations: new Map([['x', 'y']]) } },
        ];
        const tar = await save(one, images, { format });
        assert.deepEqual(await save(one, images, { format }), tar, 'the same bytes each time');
        for (const bytes of [tar, gzipSync(tar)]) {
          await withContent(async (other, to) => {
            assert.deepEqual(await load(other, bytes), images);
            assert.deepEqual(await blobsIn(to), await blobsIn(from));
            for (const { name: each, target } of images) other.images.set(each, target);
            assert.deepEqual(await other.verify(), []);
          });
        }
      });
    });
  }

  test('pieces of any size', async () => {
    await withContent(async (one) => {
      const { manifest } = await makeImage(one.blobs, [noise(700)]);
      const tar = await save(one, [{ name, target: manifest }]);
      for (const size of [1, 7, 511, 512, 513, tar.length]) {
        await withContent(async (other) => {
          assert.deepEqual(await load(other, tar, size), [{ name, target: manifest }], `${size}`);
        });
      }
    });
  });

  test('an index of several platforms is saved with those that are there', async () => {
    await withContent(async (one, from) => {
      const arm = { os: 'freebsd', architecture: 'arm64' };
      const amd = { os: 'freebsd', architecture: 'amd64' };
      const [a, b] = [await makeImage(one.blobs, undefined, arm), await makeImage(one.blobs, undefined, amd)];
      const missing = {
        ...a.manifest,
        digest: sha256('missing'),
        platform: { os: 'linux', architecture: 'arm' },
      };
      const target = await makeIndex(one.blobs, [
        { ...a.manifest, platform: arm },
        { ...b.manifest, platform: amd },
        missing,
      ]);
      await withContent(async (other, to) => {
        assert.deepEqual(await load(other, await save(one, [{ name, target }])), [{ name, target }]);
        assert.deepEqual(await blobsIn(to), await blobsIn(from));
      });
      const docker = await save(one, [{ name, target }], { format: 'docker', platform: arm });
      assert.match(
        docker.toString('latin1'),
        new RegExp(`"Config":"blobs/sha256/${a.blobs[1].digest.slice(7)}"`),
      );
      await assert.rejects(
        save(one, [{ name, target }], { format: 'docker', platform: { os: 'linux', architecture: 'arm' } }),
        {
          kind: 'not-found',
          message: /has no image for linux\/arm, only for freebsd\/arm64.*, freebsd\/amd64$/,
        },
      );
    });
  });

  test('what is not whole is not saved', async () => {
    await withContent(async (content) => {
      const { manifest, blobs } = await makeImage(content.blobs);
      await writeFile(content.blobs.path(blobs[2].digest), noise(100));
      await assert.rejects(save(content, [{ name, target: manifest }]), { kind: 'corrupt' });
      await rm(content.blobs.path(blobs[2].digest));
      await assert.rejects(save(content, [{ name, target: manifest }]), {
        kind: 'not-found',
        message: new RegExp(`^image ${name}: ${blobs[2].digest}, a .*, is missing$`),
      });
      await assert.rejects(save(content, []), { kind: 'invalid' });
    });
  });

  test('who reads an archive may stop', async () => {
    await withContent(async (content) => {
      const { manifest } = await makeImage(content.blobs, [noise(3_000_000)]);
      const tar = await exportArchive(content.blobs, [{ name, target: manifest }], { format: 'oci' });
      for await (const chunk of tar) if (chunk.length > 10_000) break;
    });
  });

  test('what docker save wrote before it knew image layouts, with links, and manifest.json last', async () => {
    await withContent(async (content, data) => {
      const layers = [noise(1000), gzipSync('layer')] as const;
      const [first, second] = ['1', '2'].map((digit) => digit.repeat(64));
      const diffIds = [sha256(layers[0]), sha256('layer'), sha256(layers[0])];
      const config = JSON.stringify({
        os: 'linux',
        architecture: 'amd64',
        rootfs: { type: 'layers', diff_ids: diffIds },
      });
      const configName = `${sha256(config).slice(7)}.json`;
      const tar = await tarOf([
        { name: `${first}/`, type: 'directory' },
        { name: `${first}/VERSION`, body: '1.0' },
        { name: `${first}/json`, body: '{}' },
        { name: `${first}/layer.tar`, body: layers[0] },
        { name: `./${second}/layer.tar`, body: layers[1] },
        { name: '3/layer.tar', type: 'symlink', linkname: `../${first}/layer.tar` },
        { name: '4/layer.tar', type: 'link', linkname: '3/layer.tar' },
        { name: configName, body: config },
        {
          name: 'manifest.json',
          body: JSON.stringify([
            {
              Config: configName,
              RepoTags: ['web:1', 'host:5000/a:b'],
              Layers: [`${first}/layer.tar`, `${second}/layer.tar`, '4/layer.tar'],
            },
            {
              Config: configName,
              RepoTags: null,
              Layers: [`${first}/layer.tar`, `${second}/layer.tar`, '4/layer.tar'],
            },
          ]),
        },
        { name: 'repositories', body: '{}' },
      ]);
      const images = await load(content, tar);
      const [target] = images.map((image) => image.target);
      assert(target);
      assert.deepEqual(images, [
        { name, target },
        { name: 'host:5000/a:b', target },
        { name: `docker.io/library/loaded@${target.digest}`, target },
      ]);
      const manifest = JSON.parse((await content.blobs.read(target, 10_000)).toString()) as {
        layers: { mediaType: string; digest: string }[];
      };
      const layer = 'application/vnd.oci.image.layer.v1.tar';
      assert.deepEqual(
        manifest.layers.map(({ mediaType, digest }) => [mediaType, digest]),
        [
          [layer, sha256(layers[0])],
          [`${layer}+gzip`, sha256(layers[1])],
          [layer, sha256(layers[0])],
        ],
      );
      assert.equal((await blobsIn(data)).length, 4);
    });
  });

  test('names are taken as tools write them', async () => {
    await withContent(async (content) => {
      const { manifest } = await makeImage(content.blobs);
      const blobs = (await makeImageEntries(content)).map(([digest, body]) => ({
        name: `blobs/sha256/${digest}`,
        body,
      }));
      const named = async (...all: (Record<string, string> | undefined)[]): Promise<string[]> => {
        const manifests = all.map((annotations) => ({ ...manifest, annotations }));
        const tar = await tarOf([
          { name: 'oci-layout', body: '{"imageLayoutVersion":"1.0.0"}' },
          { name: 'index.json', body: JSON.stringify({ schemaVersion: 2, manifests }) },
          ...blobs,
        ]);
        return (await load(content, tar)).map((image) => image.name);
      };
      const [ref, whole] = ['org.opencontainers.image.ref.name', 'io.containerd.image.name'];
      assert.deepEqual(await named({ [ref]: '1', [whole]: name }), [name]);
      assert.deepEqual(await named({ [ref]: 'web:1' }), [name]);
      assert.deepEqual(await named({ [ref]: '1' }), ['docker.io/library/loaded:1']);
      assert.deepEqual(await named(undefined), [`docker.io/library/loaded@${manifest.digest}`]);
      assert.deepEqual(await named({ [whole]: name }, { [whole]: 'web:2' }, { [ref]: name }), [
        name,
        'docker.io/library/web:2',
      ]);
      await assert.rejects(named({ [whole]: 'No Name' }), { kind: 'invalid', message: /^x\.tar: "No Name"/ });
    });
  });

  test('an index.json that lists the platforms of one image', async () => {
    await withContent(async (content) => {
      const platforms = ['arm64', 'amd64'].map((architecture) => ({ os: 'freebsd', architecture }));
      const made = await Promise.all(
        platforms.map((platform) => makeImage(content.blobs, undefined, platform)),
      );
      const manifests = made.map(({ manifest }, index) => ({ ...manifest, platform: platforms[index] }));
      const tar = (list: object[]): Promise<Buffer> =>
        tarOf([
          { name: 'oci-layout', body: '{"imageLayoutVersion":"1.0.0"}' },
          { name: 'index.json', body: JSON.stringify({ schemaVersion: 2, manifests: list }) },
        ]);
      const [image, ...others] = await load(content, await tar(manifests));
      assert(image);
      assert.deepEqual(others, []);
      assert.equal(image.target.mediaType, 'application/vnd.oci.image.index.v1+json');
      assert.equal(image.name, `docker.io/library/loaded@${image.target.digest}`);
      assert.equal((await load(content, await tar(made.map(({ manifest }) => manifest)))).length, 2);
      const annotations = { 'io.containerd.image.name': name };
      const twice = made.map(({ manifest }) => ({ ...manifest, annotations }));
      await assert.rejects(load(content, await tar(twice)), {
        kind: 'invalid',
        message: `x.tar: index.json has 2 images of the name ${name}`,
      });
    });
  });

  test('who loads can be told to stop, and nothing half-done is left', async () => {
    await withContent(async (content, data) => {
      const stop = new AbortController();
      const tar = await tarOf([{ name: `blobs/sha256/${'a'.repeat(64)}`, body: noise(10_000) }]);
      const loading = load(content, tar, 1000, stop.signal);
      stop.abort();
      await assert.rejects(loading, { kind: 'cancelled' });
      assert.deepEqual(
        (await ingestIn(data)).filter((left) => !left.startsWith('hold-')),
        [],
      );
    });
  });
});

/** The blobs of the store as hexadecimal digests and bytes. */
async function makeImageEntries({ blobs }: Content): Promise<[string, Buffer][]> {
  const { blobs: all } = await makeImage(blobs);
  return Promise.all(
    all.map(async (blob): Promise<[string, Buffer]> => [
      blob.digest.slice(7),
      await blobs.read(blob, 10_000),
    ]),
  );
}
