import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../digest.js';
import { exclusively } from './exclusive.js';
import { heldChains, holdLock } from './hold.js';
import { madeIn, setAside, sweepUnmade } from './make-once.js';
import { stateName, type RootPlaces } from './places.js';
import { readChains } from './record.js';
import { removeRoot } from './remove-root.js';
import type { RootsHost } from './roots.js';

/** Containers that have a root, or what is left of one. */
export const containerKeys = ({ containers }: RootPlaces): Promise<string[]> => readdir(containers);

/** Removes states of layers that neither `keep`, nor a container, nor a program that runs needs, and what was left half made. */
export async function collectUnpacked(
  { places, locks, files }: RootsHost,
  keep: ReadonlySet<Digest>,
): Promise<void> {
  await sweepUnmade({ locks, files }, places.unpacked);
  const aside = await exclusively(locks, holdLock(places), async () => {
    const needed = await heldChains(places, locks);
    for (const chain of keep) needed.add(stateName(chain));
    for (const key of await containerKeys(places)) {
      for (const chain of (await readChains(join(places.containers, key))) ?? [])
        needed.add(stateName(chain));
    }
    const unneeded = (await madeIn(places.unpacked)).filter((name) => !needed.has(name));
    return await Promise.all(unneeded.map((name) => setAside(locks, join(places.unpacked, name))));
  });
  // Nobody can find these any more, so that others need not wait until they are gone.
  for (const path of aside) if (path !== undefined) await removeRoot(files, path);
}
