import { renameSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../store/database.js';
import { isDigest, type Digest } from '../digest.js';
import { databaseError } from './database.js';
import { isMissing, stopIfCancelled, unlessMissing } from './failure.js';
import type { FileLocks } from './file-lock.js';
import { blobPath, type Layout } from './layout.js';
import { reach, rootsOf } from './reach.js';
import { sweep, type Swept } from './sweep.js';
import { randomName } from './write-file.js';

/** What the garbage collection removed. */
export interface Collected {
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
  /** of what was not complete */
  readonly swept: Swept;
}

export interface CollectOptions {
  /** after how many milliseconds a download is given up that nobody goes on with; a day if left out */
  readonly stale?: number;
  /** looks at these blobs and no others */
  readonly only?: ReadonlySet<Digest>;
  readonly signal?: AbortSignal;
}

const day = 24 * 60 * 60 * 1000;

/** The beginning of the names of files that are being removed. */
export const trashPrefix = 'trash-';

/** How many blobs are taken away in one transaction, for which others wait. */
const batch = 32;

/**
 * Removes the blobs that nothing needs.
 *
 * What is needed is found out while others change it. It is looked at again in the transactions that take blobs away:
 * who names, leases or holds a blob does so in a transaction before or after, and finds it there or not. Blobs are
 * renamed within them and removed behind them, so that nobody waits for a slow file system.
 */
export async function collect(
  store: Store,
  layout: Layout,
  locks: FileLocks,
  { stale = day, only, signal }: CollectOptions = {},
): Promise<Collected> {
  const blobs: { digest: Digest; size: number }[] = [];
  try {
    const swept = await sweep(store, layout, locks, stale);
    const reached = new Set<Digest>();
    await reach(layout, rootsOf(store), reached);
    let garbage = (only === undefined ? await blobsIn(layout) : [...only]).filter(
      (digest) => !reached.has(digest),
    );
    while (garbage.length > 0) {
      stopIfCancelled(signal, 'collecting garbage');
      const { taken, roots } = takeAway(store, layout, garbage.slice(0, batch), reached);
      if (roots.length === 0) {
        for (const { digest, trash } of taken) {
          const size = (await unlessMissing(stat(trash), undefined))?.size ?? 0;
          await rm(trash, { force: true });
          blobs.push({ digest, size });
        }
        garbage = garbage.slice(batch);
      } else {
        await reach(layout, roots, reached);
        garbage = garbage.filter((digest) => !reached.has(digest));
      }
    }
    return { blobs, swept };
  } catch (error) {
    throw databaseError(error, layout.root);
  }
}

interface Taken {
  readonly digest: Digest;
  readonly trash: string;
}

/** @returns what was renamed; nothing if something is needed by now that was not looked through yet: the roots */
function takeAway(
  store: Store,
  layout: Layout,
  garbage: readonly Digest[],
  reached: ReadonlySet<Digest>,
): { readonly taken: readonly Taken[]; readonly roots: readonly Digest[] } {
  const take = store.transaction(() => {
    const roots = rootsOf(store).filter((root) => !reached.has(root));
    if (roots.length > 0) return { taken: [], roots };
    const taken = garbage.flatMap((digest): Taken[] => {
      const trash = join(layout.ingest, randomName(trashPrefix));
      try {
        renameSync(blobPath(layout, digest), trash);
        return [{ digest, trash }];
      } catch (error) {
        if (isMissing(error)) return []; // another program collects as well
        throw error;
      }
    });
    return { taken, roots };
  });
  return take.immediate();
}

/** All blobs of the store; what else lies there is not touched. */
async function blobsIn(layout: Layout): Promise<Digest[]> {
  const found: Digest[] = [];
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const names = await unlessMissing(readdir(join(layout.blobs, algorithm)), []);
    found.push(...names.map((name): string => `${algorithm}:${name}`).filter(isDigest));
  }
  return found;
}
