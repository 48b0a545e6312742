import { closeSync, constants, openSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { HostCalls } from '../kernel/host.js';

/** What daemon, launcher and OCI runtime keep in a run directory when there is no container. */
const contents = ['oci', 'stderr', 'daemon', 'lock'];

/**
 * Removes the folder of a daemon that ends without containers, unless a launcher is at work in it: who holds its lock
 * may be about to start the next daemon there. What is not ours stays, and the folder with it.
 */
export function removeRunDirectory(calls: Pick<HostCalls, 'tryLock'>, path: string): void {
  let lock: number;
  try {
    lock = openSync(join(path, 'lock'), constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    if (!calls.tryLock(lock)) return;
    for (const name of contents) rmSync(join(path, name), { recursive: true, force: true });
    rmdirSync(path);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    closeSync(lock);
  }
}
