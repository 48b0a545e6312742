import { containerAnchor } from './anchors.js';
import { isAttachment } from './cni/key.js';
import type { NetworkFilter } from './filter.js';
import type { LivingJails, NetworkHolder } from './living.js';

/**
 * Those anchors of containers that are nobody's: whose container neither holds a lease nor has a jail. What a CNI runtime
 * asked for stays if nothing else is known of it, as its anchor does not say in which jail it is.
 *
 * @param holders all that hold something, of CNI runtimes too
 */
export async function strayAnchors(
  filter: NetworkFilter,
  anchors: readonly string[],
  holders: readonly NetworkHolder[],
  jails: LivingJails,
): Promise<string[]> {
  const owned = new Set([...holders, ...jails.known].map(containerAnchor));
  const others = anchors.filter((anchor) => !owned.has(anchor));
  // A jail that does not tell its container may be the owner of any of them.
  if (jails.hasOthers) return [];
  const stray: string[] = [];
  for (const anchor of others) {
    const label = await filter.labelOf(anchor);
    if (!isAttachment(label)) stray.push(anchor);
  }
  return stray;
}
