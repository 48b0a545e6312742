import type { Store } from './database.js';

/**
 * Makes a change to the store.
 *
 * On a full disk SQLite cannot lengthen the log that every change is appended to (SQLite, "Write-Ahead Logging"). Its
 * content is then moved into the database, where room was made for it when there was some, and the log
 * begun again in its own: so containers can be removed however full the disk is, which is what may free it.
 *
 * @throws Error naming the store; its cause is what SQLite said
 */
export function change<T>(store: Store, work: () => T): T {
  try {
    return whenFull(store, work);
  } catch (error) {
    throw new Error(`store ${store.name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function whenFull<T>(store: Store, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'SQLITE_FULL') throw error;
    store.pragma('wal_checkpoint(RESTART)');
    return work();
  }
}
