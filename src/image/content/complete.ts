import { readFileSync, statSync } from 'node:fs';
import type { Descriptor } from '../descriptor.js';
import type { Digest } from '../digest.js';
import { ImageError } from '../error.js';
import { maximumDocument } from '../manifest.js';
import { isIndex, isManifest } from '../media-types.js';
import { childrenOf } from './children.js';
import { fileError, isMissing } from './failure.js';
import { blobPath, type Layout } from './layout.js';

/**
 * Requires that an image can be used: its manifest, configuration and layers are there; of an index, all of one platform
 * at least. Looks at sizes, not at digests, and does so at once: it runs within a transaction.
 *
 * @throws ImageError not-found, naming what is missing
 */
export function requireComplete(layout: Layout, name: string, target: Descriptor): void {
  const missing = firstMissing(layout, target, 0);
  if (missing !== undefined) {
    throw new ImageError('not-found', `image ${name}: ${missing.digest}, a ${missing.mediaType}, is missing`);
  }
}

/** Indexes may refer to indexes, but not without end. */
const deepest = 8;

/**
 * @param incomplete indexes that were looked through in vain: others may name the same ones again and again, on every level
 *
 * @returns the first of an image's blobs that is not there
 */
export function firstMissing(
  layout: Layout,
  target: Descriptor,
  depth = 0,
  incomplete = new Map<Digest, Descriptor>(),
): Descriptor | undefined {
  if (!isThere(layout, target)) return target;
  if (!isIndex(target.mediaType) && !isManifest(target.mediaType)) return undefined;
  const known = incomplete.get(target.digest);
  if (known !== undefined) return known;
  const children = childrenAt(layout, target);
  if (!isIndex(target.mediaType)) return children.find((child) => !isThere(layout, child));
  if (depth >= deepest) return target;
  let missing: Descriptor | undefined;
  for (const child of children) {
    const without = firstMissing(layout, child, depth + 1, incomplete);
    if (without === undefined) return undefined;
    missing ??= without;
  }
  if (missing !== undefined) incomplete.set(target.digest, missing);
  return missing;
}

function isThere(layout: Layout, { digest, size }: Descriptor): boolean {
  const found = statSync(blobPath(layout, digest), { throwIfNoEntry: false });
  return found?.size === size;
}

function childrenAt(layout: Layout, { digest, size }: Descriptor): readonly Descriptor[] {
  if (size > maximumDocument) return [];
  try {
    return childrenOf(readFileSync(blobPath(layout, digest)));
  } catch (error) {
    if (isMissing(error)) return [];
    throw fileError(error, digest);
  }
}
