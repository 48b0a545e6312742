import type { Blobs } from '../content/blobs.js';
import type { Descriptor } from '../descriptor.js';
import type { Digest } from '../digest.js';
import { ImageError } from '../error.js';
import { maximumDocument, parseManifest, type Index, type Manifest } from '../manifest.js';
import { isIndex, isManifest } from '../media-types.js';

/** Indexes may refer to indexes, but not without end. */
const deepest = 8;

/** An image as it lies in the store. */
export interface Found {
  /** of all that is there of it: documents before what they refer to */
  readonly blobs: ReadonlyMap<Digest, Descriptor>;
  /** of each platform that is there, in the index's order; the descriptor has the platform if the index tells it */
  readonly manifests: readonly { readonly descriptor: Descriptor; readonly manifest: Manifest }[];
}

/** @throws ImageError not-found, corrupt, invalid, unsupported */
export async function readDocument(
  blobs: Blobs,
  descriptor: Descriptor,
  where: string,
): Promise<Manifest | Index> {
  const bytes = await blobs.read(descriptor, maximumDocument);
  return parseManifest(bytes.toString(), descriptor.mediaType, where);
}

/**
 * Looks through all that an image consists of. Of an index, platforms may be missing, but what is there of one must be all
 * of it.
 *
 * @throws ImageError not-found, naming the blob that is missing; corrupt, invalid, unsupported
 */
export async function findAll(blobs: Blobs, target: Descriptor, name: string): Promise<Found> {
  const found = new Map<Digest, Descriptor>();
  const manifests: { descriptor: Descriptor; manifest: Manifest }[] = [];

  const add = async (descriptor: Descriptor): Promise<void> => {
    if (!(await blobs.has(descriptor))) {
      const { digest, mediaType } = descriptor;
      throw new ImageError('not-found', `image ${name}: ${digest}, a ${mediaType}, is missing`);
    }
    found.set(descriptor.digest, descriptor);
  };
  const visit = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (depth > deepest) throw new ImageError('invalid', `image ${name}: more than ${deepest} indexes deep`);
    if (found.has(descriptor.digest)) return;
    await add(descriptor);
    const document = await readDocument(blobs, descriptor, `image ${name}: ${descriptor.digest}`);
    if (document.kind === 'manifest') {
      for (const child of [document.config, ...document.layers]) await add(child);
      manifests.push({ descriptor, manifest: document });
      return;
    }
    for (const child of document.manifests) {
      const readable = isIndex(child.mediaType) || isManifest(child.mediaType);
      if (readable && (await blobs.has(child))) await visit(child, depth + 1);
    }
  };
  await visit(target, 0);
  if (manifests.length === 0) {
    throw new ImageError('not-found', `image ${name}: none of its platforms is there`);
  }
  return { blobs: found, manifests };
}
