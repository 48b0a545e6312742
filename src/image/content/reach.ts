import { readFile, stat } from 'node:fs/promises';
import type { Store } from '../../store/database.js';
import { isDigest, type Digest } from '../digest.js';
import { maximumDocument } from '../manifest.js';
import { childrenOf } from './children.js';
import { unlessMissing } from './failure.js';
import { blobPath, type Layout } from './layout.js';

/** What stays by itself: what a name, a lease or a hold is for. */
export function rootsOf(store: Store): readonly Digest[] {
  return store
    .prepare<[], { digest: string }>(
      'SELECT digest FROM image UNION SELECT digest FROM lease UNION SELECT digest FROM hold',
    )
    .all()
    .map(({ digest }) => digest)
    .filter(isDigest);
}

/**
 * Adds to `reached` the roots and all that they refer to, by documents that are in the store. A root may be a document of
 * any kind: what has the form of one is read as one.
 */
export async function reach(layout: Layout, roots: readonly Digest[], reached: Set<Digest>): Promise<void> {
  const left = roots.filter((root) => !reached.has(root));
  for (let digest = left.pop(); digest !== undefined; digest = left.pop()) {
    if (reached.has(digest)) continue;
    reached.add(digest);
    const path = blobPath(layout, digest);
    const found = await unlessMissing(stat(path), undefined);
    if (found === undefined || found.size > maximumDocument) continue;
    const document = await unlessMissing(readFile(path), Buffer.alloc(0));
    left.push(...childrenOf(document).map((child) => child.digest));
  }
}
