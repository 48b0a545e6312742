import type { Store } from '../../store/database.js';
import { blobDirectory } from './blob-directory.js';
import type { Blobs } from './blobs.js';
import { collect, type Collected, type CollectOptions } from './collect.js';
import type { Digest } from '../digest.js';
import { databaseError, openImageDatabase } from './database.js';
import { hostLocks } from './file-lock.js';
import { openHold } from './hold.js';
import { imageNames, type Images } from './images.js';
import { indexOnDisk, indexText, writeIndex } from './index-file.js';
import type { Layout } from './layout.js';
import { digestLeases, type Leases } from './leases.js';
import { openLayout } from './open-layout.js';
import { verify, type Finding, type VerifyOptions } from './verify.js';

/** The images of a data directory. Several programs may have the same one open. */
export interface Content {
  readonly blobs: Blobs;
  readonly images: Images;
  readonly leases: Leases;
  /** Removes what is neither named nor leased, nor used by a program that runs. */
  readonly collect: (options?: CollectOptions) => Promise<Collected>;
  /**
   * Removes what was written here and has got neither name nor lease: for work that failed. What was found or written is not
   * held any more.
   */
  readonly abandon: () => Promise<Collected>;
  /** Reads all, and tells what is wrong. */
  readonly verify: (options?: VerifyOptions) => Promise<readonly Finding[]>;
  /** Lets go of what was found and written, and is not to be used any more. */
  close(): Promise<void>;
}

/**
 * Opens the images of a data directory, which is made if it is missing.
 *
 * @throws ImageError naming the file that cannot be opened
 */
export async function openContent(root: string): Promise<Content> {
  const layout = await openLayout(root);
  const store = openImageDatabase(layout.database);
  const locks = hostLocks();
  const hold = openHold(store, layout, locks);
  const images = imageNames(store, layout);
  const written = new Set<Digest>();
  try {
    mendIndex(store, layout, images);
  } catch (error) {
    store.close();
    throw databaseError(error, layout.index);
  }
  return {
    blobs: blobDirectory({
      layout,
      locks,
      hold: (digest) => hold.add(digest),
      wrote: (digest) => written.add(digest),
    }),
    images,
    leases: digestLeases(store, layout),
    collect: (options) => collect(store, layout, locks, options),
    abandon: async () => {
      await hold.close();
      return collect(store, layout, locks, { only: written, stale: Infinity });
    },
    verify: (options) => verify(store, layout, options),
    close: async () => {
      try {
        await hold.close();
      } finally {
        store.close();
        locks.close();
      }
    },
  };
}

/**
 * A program that was killed while it changed a name may have left an index.json that says more than the database. What
 * differs may as well be about to be written: it is looked at again when nobody writes.
 */
function mendIndex(store: Store, layout: Layout, images: Images): void {
  if (indexText(images.list()) === indexOnDisk(layout)) return;
  store
    .transaction(() => {
      writeIndex(layout, images.list());
    })
    .immediate();
}
