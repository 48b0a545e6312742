import { constants } from 'node:fs';
import { rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../store/database.js';
import type { Digest } from '../digest.js';
import { databaseError } from './database.js';
import { fileError } from './failure.js';
import { openLocked, type FileLocks } from './file-lock.js';
import type { Layout } from './layout.js';
import { sweep } from './sweep.js';
import { randomName } from './write-file.js';

/** The beginning of the names of files that say by their lock whether a holder still runs. */
export const holdPrefix = 'hold-';

/**
 * Digests that this program has found or made, and that stay until it is done with them or ends: however it ends, the
 * kernel takes its lock away, and with that what it held is anybody's to remove.
 */
export interface Hold {
  add(digest: Digest): Promise<void>;
  /** Lets go of all of them. */
  close(): Promise<void>;
}

export function openHold(store: Store, layout: Layout, locks: FileLocks): Hold {
  const insert = store.prepare('INSERT OR IGNORE INTO hold (holder, digest) VALUES (?, ?)');
  const drop = store.prepare('DELETE FROM hold WHERE holder = ?');
  const seen = new Set<Digest>();
  let begun: Promise<{ holder: string; file: FileHandle }> | undefined;

  const begin = async (): Promise<{ holder: string; file: FileHandle }> => {
    // What others left when they were killed goes when somebody is about to write again.
    await sweep(store, layout, locks);
    for (;;) {
      const holder = randomName(holdPrefix);
      const flags = constants.O_CREAT | constants.O_EXCL;
      const file = await openLocked(locks, join(layout.ingest, holder), flags);
      if (file !== undefined) return { holder, file };
    }
  };
  return {
    add: async (digest) => {
      if (seen.has(digest)) return;
      begun ??= begin();
      const { holder } = await begun.catch((error: unknown) => {
        begun = undefined;
        throw fileError(error, layout.ingest);
      });
      try {
        insert.run(holder, digest);
      } catch (error) {
        throw databaseError(error, layout.database);
      }
      seen.add(digest);
    },
    close: async () => {
      if (begun === undefined) return;
      const { holder, file } = await begun;
      begun = undefined;
      seen.clear();
      try {
        drop.run(holder);
        await rm(join(layout.ingest, holder), { force: true });
      } finally {
        await file.close();
      }
    },
  };
}
