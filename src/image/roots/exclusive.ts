import { constants } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { openLocked, type FileLocks } from '../content/file-lock.js';

/** Milliseconds between two tries; what is done under the lock takes less. */
const patience = 20;

/** Does something while no other program does the same with the same file. It is short: others wait. */
export async function exclusively<T>(locks: FileLocks, path: string, work: () => Promise<T>): Promise<T> {
  let lock = await openLocked(locks, path, constants.O_CREAT);
  while (lock === undefined) {
    await delay(patience);
    lock = await openLocked(locks, path, constants.O_CREAT);
  }
  try {
    return await work();
  } finally {
    await lock.close();
  }
}
