import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FileCalls } from '../../kernel/files.js';
import { openLocked, type FileLocks } from '../content/file-lock.js';
import { ImageError } from '../error.js';
import { removeRoot } from './remove-root.js';
import type { RootsHost } from './roots.js';

/** What directories are made and removed with. */
export type RootMaker = Pick<RootsHost, 'locks' | 'files'>;

/** Names of directories that are not complete, and of their locks, beside those that are. */
const making = '.making-';
const removing = '.removing';

/** Milliseconds between two looks at another program's work, which nothing tells of. */
const patience = 100;

/**
 * Makes a directory that is there whole or not at all: beside its place, and renamed into it. One program at a time makes
 * the same one; others wait for it, and if it is killed, begin again.
 *
 * @param make fills the empty directory that it is given; what fails is removed
 * @returns whether it was made now
 */
export async function makeOnce(
  host: RootMaker,
  path: string,
  make: (directory: string) => Promise<void>,
  signal?: AbortSignal,
): Promise<boolean> {
  while (!(await isThere(path))) {
    stopIfAborted(signal, path);
    const lock = await openLocked(host.locks, lockPath(path), constants.O_CREAT);
    if (lock === undefined) {
      await delay(patience, undefined, { signal }).catch(() => undefined);
      continue;
    }
    try {
      if (await isThere(path)) return false;
      await makeLocked(host.files, path, make);
      return true;
    } finally {
      await release(lock, path);
    }
  }
  return false;
}

async function makeLocked(
  files: FileCalls,
  path: string,
  make: (directory: string) => Promise<void>,
): Promise<void> {
  const fresh = `${lockPath(path)}.d`;
  // Of one who was killed.
  await removeRoot(files, fresh);
  await mkdir(fresh, { mode: 0o700 });
  try {
    await make(fresh);
    await rename(fresh, path);
  } catch (error) {
    await removeRoot(files, fresh);
    throw error;
  }
}

/**
 * Takes a directory that was made out of the way, so that it is found no more.
 *
 * @returns where it is now, to be removed; undefined if it is being made or removed by another
 */
export async function setAside(locks: FileLocks, path: string): Promise<string | undefined> {
  const lock = await openLocked(locks, lockPath(path), constants.O_CREAT);
  if (lock === undefined) return undefined;
  try {
    const going = `${lockPath(path)}-${randomBytes(4).toString('hex')}${removing}`;
    await rename(path, going);
    return going;
  } finally {
    await release(lock, path);
  }
}

/** Removes what programs that were killed have left in a directory. */
export async function sweepUnmade({ locks, files }: RootMaker, directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith(removing)) await removeRoot(files, join(directory, name));
    if (name.startsWith(making) && !name.endsWith('.d') && !name.endsWith(removing)) {
      const path = join(directory, name.slice(making.length));
      const lock = await openLocked(locks, lockPath(path), constants.O_CREAT);
      if (lock === undefined) continue;
      try {
        await removeRoot(files, `${lockPath(path)}.d`);
      } finally {
        await release(lock, path);
      }
    }
  }
}

/** Names that are complete. */
export async function madeIn(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => !name.startsWith(making));
}

const lockPath = (path: string): string => join(dirname(path), making + basename(path));

async function release(lock: FileHandle, path: string): Promise<void> {
  try {
    await rm(lockPath(path), { force: true });
  } finally {
    await lock.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function stopIfAborted(signal: AbortSignal | undefined, path: string): void {
  if (signal?.aborted === true) throw new ImageError('cancelled', `${path}: stopped`);
}
