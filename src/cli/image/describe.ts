import { parseConfig } from '../../image/config.js';
import type { Blobs } from '../../image/content/blobs.js';
import type { Image } from '../../image/content/images.js';
import type { Descriptor, Platform } from '../../image/descriptor.js';
import type { Digest } from '../../image/digest.js';
import { maximumDocument, parseManifest } from '../../image/manifest.js';
import { isConfig, isIndex, isManifest } from '../../image/media-types.js';
import { isUnreadable } from './unreadable.js';

/** An image as it is listed. */
export interface DescribedImage {
  readonly name: string;
  readonly digest: Digest;
  /** those that are here */
  readonly platforms: readonly Platform[];
  /** when it got its name */
  readonly created: Date;
  /** of all that it has here, compressed as it came */
  readonly bytes: number;
}

/** What is here of an image; what is not, as other platforms of an index, does not count. */
export async function describeImage(blobs: Blobs, { name, target, created }: Image): Promise<DescribedImage> {
  const found = new Map<Digest, Descriptor>();
  const platforms: Platform[] = [];
  const visit = async (descriptor: Descriptor): Promise<void> => {
    if (found.has(descriptor.digest) || !(await blobs.has(descriptor))) return;
    found.set(descriptor.digest, descriptor);
    try {
      await describe(descriptor);
    } catch (error) {
      // One that cannot be understood must not keep the others from being listed, and removed.
      if (!isUnreadable(error)) throw error;
    }
  };
  const describe = async (descriptor: Descriptor): Promise<void> => {
    const { mediaType } = descriptor;
    const read = async (): Promise<string> =>
      (await blobs.read(descriptor, maximumDocument)).toString('utf8');
    if (isConfig(mediaType)) platforms.push(parseConfig(await read(), name).platform);
    if (!isIndex(mediaType) && !isManifest(mediaType)) return;
    const document = parseManifest(await read(), mediaType, name);
    const parts = document.kind === 'index' ? document.manifests : [document.config, ...document.layers];
    for (const part of parts) await visit(part);
  };
  await visit(target);
  const bytes = [...found.values()].reduce((sum, { size }) => sum + size, 0);
  return { name, digest: target.digest, platforms, created, bytes };
}
