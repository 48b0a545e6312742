import { parseConfig } from '../../image/config.js';
import type { Collected } from '../../image/content/collect.js';
import type { Descriptor } from '../../image/descriptor.js';
import { maximumDocument, parseManifest } from '../../image/manifest.js';
import { isIndex, isManifest } from '../../image/media-types.js';
import type { RootLayer } from '../../image/roots/roots.js';
import type { ImageStore } from './open.js';

/**
 * Removes what no image that has a name needs, nor a container, nor a program that runs: blobs, and what was unpacked of
 * them.
 */
export async function collectImages({ content, roots }: ImageStore): Promise<Collected> {
  const keep: (readonly RootLayer[])[] = [];
  for (const { target } of content.images.list()) keep.push(...(await layersOf(content, target)));
  await roots.collect(keep);
  return await content.collect();
}

/** The layers of all that an image has here: of an index, perhaps of one platform only. */
async function layersOf(
  content: ImageStore['content'],
  target: Descriptor,
): Promise<(readonly RootLayer[])[]> {
  const { blobs } = content;
  if (!isIndex(target.mediaType) && !isManifest(target.mediaType)) return [];
  if (!(await blobs.has(target))) return [];
  const found = parseManifest(
    (await blobs.read(target, maximumDocument)).toString('utf8'),
    target.mediaType,
    target.digest,
  );
  if (found.kind === 'index') {
    const all = await Promise.all(found.manifests.map((manifest) => layersOf(content, manifest)));
    return all.flat();
  }
  if (!(await blobs.has(found.config))) return [];
  const document = await blobs.read(found.config, maximumDocument);
  const { diffIds } = parseConfig(document.toString('utf8'), found.config.digest);
  const layers = found.layers.flatMap((descriptor, index) => {
    const diffId = diffIds[index];
    return diffId === undefined ? [] : [{ descriptor, diffId }];
  });
  return [layers];
}
