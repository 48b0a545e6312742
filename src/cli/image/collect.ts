import { parseConfig } from '../../image/config.js';
import type { Collected } from '../../image/content/collect.js';
import type { Descriptor } from '../../image/descriptor.js';
import type { Digest } from '../../image/digest.js';
import { maximumDocument, parseManifest } from '../../image/manifest.js';
import { isConfig, isIndex, isManifest } from '../../image/media-types.js';
import type { RootLayer } from '../../image/roots/roots.js';
import type { ImageStore } from './open.js';
import { isUnreadable } from './unreadable.js';

/**
 * Removes what no image that has a name needs, nor a container, nor a program that runs: blobs, and what was unpacked of
 * them.
 */
export async function collectImages({ content, roots }: Collectable): Promise<Collected> {
  const keep: (readonly RootLayer[])[] = [];
  const seen = new Set<Digest>();
  for (const { target } of content.images.list()) keep.push(...(await layersOf(content, target, seen)));
  await roots.collect(keep);
  return await content.collect();
}

interface Collectable {
  readonly content: ImageStore['content'];
  readonly roots: Pick<ImageStore['roots'], 'collect'>;
}

/**
 * The layers of all that an image has here: of an index, perhaps of one platform only.
 *
 * @param seen documents that were looked at: an index may name the same one again and again, on every level
 */
async function layersOf(
  content: ImageStore['content'],
  target: Descriptor,
  seen: Set<Digest>,
): Promise<(readonly RootLayer[])[]> {
  const { blobs } = content;
  if (!isIndex(target.mediaType) && !isManifest(target.mediaType)) return [];
  if (seen.has(target.digest) || !(await blobs.has(target))) return [];
  seen.add(target.digest);
  try {
    const found = parseManifest(
      (await blobs.read(target, maximumDocument)).toString('utf8'),
      target.mediaType,
      target.digest,
    );
    if (found.kind === 'index') {
      const layers: (readonly RootLayer[])[] = [];
      for (const manifest of found.manifests) layers.push(...(await layersOf(content, manifest, seen)));
      return layers;
    }
    if (!isConfig(found.config.mediaType) || !(await blobs.has(found.config))) return [];
    const document = await blobs.read(found.config, maximumDocument);
    const { diffIds } = parseConfig(document.toString('utf8'), found.config.digest);
    const layers = found.layers.flatMap((descriptor, index) => {
      const diffId = diffIds[index];
      return diffId === undefined ? [] : [{ descriptor, diffId }];
    });
    return [layers];
  } catch (error) {
    // What cannot be understood was never unpacked, and must not keep the rest from being collected.
    if (!isUnreadable(error)) throw error;
    return [];
  }
}
