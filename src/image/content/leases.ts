import { statSync } from 'node:fs';
import type { Store } from '../../store/database.js';
import { isDigest, type Digest } from '../digest.js';
import { ImageError } from '../error.js';
import { databaseError } from './database.js';
import { blobPath, type Layout } from './layout.js';

/** Digests that stay, and all that they refer to, for something that lasts: `container/ID` has that of its image. */
export interface Leases {
  /**
   * Leases these digests and no others for a key.
   *
   * @throws ImageError not-found when one of them is not in the store; nothing is changed then
   */
  set(key: string, digests: readonly Digest[]): void;
  /** What a key has; without one, all. */
  list(key?: string): Lease[];
  release(key: string): void;
}

export interface Lease {
  readonly key: string;
  readonly digest: Digest;
}

export function digestLeases(store: Store, layout: Layout): Leases {
  const add = store.prepare('INSERT OR IGNORE INTO lease (key, digest) VALUES (?, ?)');
  const drop = store.prepare('DELETE FROM lease WHERE key = ?');
  const select = store.prepare<[string | null, string | null], { key: string; digest: string }>(
    'SELECT key, digest FROM lease WHERE ? IS NULL OR key = ? ORDER BY key, digest',
  );
  const set = store.transaction((key: string, digests: readonly Digest[]) => {
    drop.run(key);
    for (const digest of digests) {
      // Within the transaction: the garbage collection removes nothing meanwhile.
      if (statSync(blobPath(layout, digest), { throwIfNoEntry: false }) === undefined) {
        throw new ImageError('not-found', `${key}: ${digest} is not in the store`);
      }
      add.run(key, digest);
    }
  });
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw databaseError(error, layout.database);
    }
  };
  return {
    set: (key, digests) => {
      guarded(() => {
        set.immediate(key, digests);
      });
    },
    list: (key) =>
      guarded(() => select.all(key ?? null, key ?? null)).flatMap((row) =>
        isDigest(row.digest) ? [{ key: row.key, digest: row.digest }] : [],
      ),
    release: (key) => {
      guarded(() => drop.run(key));
    },
  };
}
