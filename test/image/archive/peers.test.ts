import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { exportArchive, type Exported } from '../../../src/image/archive/export.js';
import { importArchive } from '../../../src/image/archive/import.js';
import type { Content } from '../../../src/image/content/content.js';
import { descriptorToJson, type Descriptor } from '../../../src/image/descriptor.js';
import { sha256 } from '../../../src/image/digest.js';
import { parseManifest, type Manifest } from '../../../src/image/manifest.js';
import { ociConfig, ociLayer, ociManifest } from '../../../src/image/media-types.js';
import { inFolder, noise, withContent } from '../content/place.js';
import { tarOf } from './tars.js';

const skip = spawnSync('skopeo', ['--version']).error === undefined ? false : 'skopeo is not installed here';

const name = 'docker.io/library/web:1';

const skopeo = (...args: string[]): Buffer =>
  execFileSync('skopeo', ['--insecure-policy', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

/** An image whose layers are tars, one compressed and one not. */
async function realImage({ blobs, images }: Content): Promise<Descriptor> {
  const tars = [
    await tarOf([{ name: 'a', body: noise(5000) }]),
    await tarOf([{ name: 'b', body: noise(100) }]),
  ];
  const [first, second] = tars as [Buffer, Buffer];
  const layers = [await blobs.put(gzipSync(first), `${ociLayer}+gzip`), await blobs.put(second, ociLayer)];
  const document = {
    architecture: 'amd64',
    os: 'linux',
    config: { Cmd: ['/a'] },
    rootfs: { type: 'layers', diff_ids: tars.map(sha256) },
    history: [{ created_by: 'a' }, { created_by: 'b' }],
  };
  const config = await blobs.put(Buffer.from(JSON.stringify(document)), ociConfig);
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptorToJson(config),
    layers: layers.map(descriptorToJson),
  };
  const target = await blobs.put(Buffer.from(JSON.stringify(manifest)), ociManifest);
  images.set(name, target);
  return target;
}

const manifestOf = async ({ blobs }: Content, target: Descriptor): Promise<Manifest> => {
  const document = (await blobs.read(target, 100_000)).toString();
  const manifest = parseManifest(document, target.mediaType, 'manifest');
  assert(manifest.kind === 'manifest');
  return manifest;
};

async function save({ blobs }: Content, images: readonly Exported[], format: 'oci' | 'docker', path: string) {
  await pipeline(await exportArchive(blobs, images, { format }), createWriteStream(path));
}

const loadFrom = ({ blobs }: Content, path: string): Promise<readonly Exported[]> =>
  importArchive(blobs, createReadStream(path), { where: path });

suite('skopeo', { skip }, () => {
  test('reads images where they lie', async () => {
    await withContent(async (content, data) => {
      const target = await realImage(content);
      const raw = skopeo('inspect', '--raw', `oci:${data}:${name}`);
      assert.deepEqual(raw, await content.blobs.read(target, 100_000));
    });
  });

  for (const format of ['oci', 'docker'] as const) {
    test(`reads what is saved as ${format}`, async () => {
      await inFolder(async (folder) => {
        await withContent(async (content) => {
          const target = await realImage(content);
          const { config, layers } = await manifestOf(content, target);
          const file = join(folder, 'a.tar');
          await save(content, [{ name, target }], format, file);
          skopeo('copy', `oci-archive:${file}:${name}`, `dir:${join(folder, 'oci')}`);
          for (const { digest } of [config, ...layers]) {
            const copied = await readFile(join(folder, 'oci', digest.slice(7)));
            assert.equal(sha256(copied), digest);
          }
          assert.equal(sha256(await readFile(join(folder, 'oci/manifest.json'))), target.digest);
          if (format === 'oci') return;
          // Its configuration stays as it is; layers are copied uncompressed.
          skopeo('copy', `docker-archive:${file}:web:1`, `dir:${join(folder, 'docker')}`);
          const copied = await readFile(join(folder, 'docker', config.digest.slice(7)));
          assert.equal(sha256(copied), config.digest);
        });
      });
    });
  }

  test('what it saves is loaded: as an image layout byte by byte, as Docker’s with the same configuration', async () => {
    await inFolder(async (folder) => {
      await withContent(async (content, data) => {
        const target = await realImage(content);
        const before = await manifestOf(content, target);
        const [oci, docker] = [join(folder, 'oci.tar'), join(folder, 'docker.tar')];
        skopeo('copy', '--preserve-digests', `oci:${data}:${name}`, `oci-archive:${oci}:${name}`);
        skopeo('copy', `oci:${data}:${name}`, `docker-archive:${docker}:web:1`);
        await withContent(async (other) => {
          assert.deepEqual(await loadFrom(other, oci), [{ name, target }]);
          const [loaded, ...more] = await loadFrom(other, docker);
          assert(loaded);
          assert.deepEqual([loaded.name, more], [name, []]);
          const { config, layers } = await manifestOf(other, loaded.target);
          assert.equal(config.digest, before.config.digest);
          const bytes = await other.blobs.read(config, 100_000);
          const { rootfs } = JSON.parse(bytes.toString()) as { rootfs: { diff_ids: string[] } };
          assert.deepEqual(
            layers.map(({ digest }) => digest),
            rootfs.diff_ids,
          );
        });
      });
    });
  });
});
