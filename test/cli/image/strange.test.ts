import assert from 'node:assert/strict';
import { test } from 'node:test';
import { descriptorToJson, type Descriptor } from '../../../src/image/descriptor.js';
import type { Blobs } from '../../../src/image/content/blobs.js';
import { ociConfig, ociLayer, ociManifest } from '../../../src/image/media-types.js';
import type { RootLayer } from '../../../src/image/roots/roots.js';
import { collectImages } from '../../../src/cli/image/collect.js';
import { describeImage } from '../../../src/cli/image/describe.js';
import { makeImage, makeIndex, noise, withContent } from '../../image/content/place.js';

/** A manifest that a registry may hand out, whose configuration is this. */
async function withConfig(blobs: Blobs, config: string, mediaType = ociConfig): Promise<Descriptor> {
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptorToJson(await blobs.put(Buffer.from(config), mediaType)),
    layers: [descriptorToJson(await blobs.put(noise(10), ociLayer))],
  };
  return await blobs.put(Buffer.from(JSON.stringify(manifest)), ociManifest);
}

test('images that cannot be understood keep no others from being listed and collected', () =>
  withContent(async (content) => {
    const { blobs, images } = content;
    const good = await makeImage(blobs, [noise(10), noise(11)]);
    images.set('good', good.manifest);
    images.set('no-json', await withConfig(blobs, 'so what'));
    images.set('empty', await withConfig(blobs, '{}'));
    images.set('chart', await withConfig(blobs, '{}', 'application/vnd.cncf.helm.config.v1+json'));

    const described = await Promise.all(images.list().map((image) => describeImage(blobs, image)));
    assert.deepEqual(
      described.map(({ name, platforms }) => [name, platforms.length]),
      [
        ['chart', 0],
        ['empty', 0],
        ['good', 1],
        ['no-json', 0],
      ],
    );

    let kept: readonly (readonly RootLayer[])[] = [];
    const roots = {
      collect: (keep: readonly (readonly RootLayer[])[]): Promise<void> => {
        kept = keep;
        return Promise.resolve();
      },
    };
    await collectImages({ content, roots });
    assert.deepEqual(
      kept.map((layers) => layers.map(({ descriptor }) => descriptor.digest)),
      [good.blobs.slice(2).map(({ digest }) => digest)],
    );
  }));

test('an index that names the same ones again and again, on every level, is looked at once', () =>
  withContent(async (content) => {
    const { blobs, images } = content;
    const { manifest } = await makeImage(blobs);
    let top = manifest;
    for (let level = 0; level < 7; level += 1) top = await makeIndex(blobs, Array<Descriptor>(100).fill(top));
    images.set('laughter', top);

    let kept = 0;
    const roots = {
      collect: (keep: readonly unknown[]): Promise<void> => {
        kept = keep.length;
        return Promise.resolve();
      },
    };
    await collectImages({ content, roots });
    assert.equal(kept, 1);
  }));
