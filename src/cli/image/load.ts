import { parseConfig, type ImageConfig } from '../../image/config.js';
import type { Blobs } from '../../image/content/blobs.js';
import type { Descriptor, Platform } from '../../image/descriptor.js';
import type { Digest } from '../../image/digest.js';
import { ImageError } from '../../image/error.js';
import { maximumDocument, parseManifest, requireRunnable } from '../../image/manifest.js';
import { choosePlatform } from '../../image/platform.js';
import type { RootLayer } from '../../image/roots/roots.js';

/** An image of one platform, read. */
export interface LoadedImage {
  /** of its manifest */
  readonly digest: Digest;
  readonly config: ImageConfig;
  readonly layers: readonly RootLayer[];
}

/**
 * Reads an image of the store: of an index, the one for the first of the platforms that has one.
 *
 * @throws ImageError not-found, invalid
 */
export async function loadImage(
  blobs: Blobs,
  target: Descriptor,
  platforms: readonly Platform[],
  where: string,
): Promise<LoadedImage> {
  const found = parseManifest(
    (await blobs.read(target, maximumDocument)).toString('utf8'),
    target.mediaType,
    where,
  );
  if (found.kind === 'index') {
    return await loadImage(blobs, choosePlatform(platforms, found.manifests, where), platforms, where);
  }
  requireRunnable(found, where);
  const config = parseConfig(
    (await blobs.read(found.config, maximumDocument)).toString('utf8'),
    `${where}: configuration`,
  );
  if (config.diffIds.length !== found.layers.length) {
    throw new ImageError(
      'invalid',
      `${where} has ${found.layers.length} layers, but ${config.diffIds.length} diff ids`,
    );
  }
  const layers = found.layers.flatMap((descriptor, index) => {
    const diffId = config.diffIds[index];
    return diffId === undefined ? [] : [{ descriptor, diffId }];
  });
  return { digest: target.digest, config, layers };
}
