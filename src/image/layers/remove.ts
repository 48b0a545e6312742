import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import type { FileCalls } from '../../kernel/files.js';
import { nativePath, pathBytes } from './bytes.js';

/** Names in a directory, as bytes. */
export const namesIn = (path: string): string[] => readdirSync(nativePath(path), { encoding: 'latin1' });

/** Removes a name and all below it, without following links. Absolute path, bytes. */
export function removeTree(files: FileCalls, path: string): void {
  const native = nativePath(path);
  if (!lstatSync(native).isDirectory()) {
    unlocked(files, path, () => {
      unlinkSync(native);
    });
    return;
  }
  for (const name of namesIn(path)) removeTree(files, `${path}/${name}`);
  unlocked(files, path, () => {
    rmdirSync(native);
  });
}

/**
 * Does what changes a name. If that is forbidden, flags such as FreeBSD's `schg` may be on it or on its directory: those of the
 * name are taken away for good, those of the directory for the time of the work.
 */
export function unlocked<T>(files: FileCalls, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    const above = pathBytes(path.slice(0, path.lastIndexOf('/')));
    const kept = files.flags(above);
    const own = flagsOf(files, path);
    if (kept === '' && own === '') throw error;
    if (own !== '') files.setFlags(pathBytes(path), '');
    if (kept !== '') files.setFlags(above, '');
    try {
      return work();
    } finally {
      if (kept !== '') files.setFlags(above, kept);
    }
  }
}

/** Does what changes a file, but not its flags, whatever they forbid. */
export function despiteFlags(files: FileCalls, path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const kept = (error as NodeJS.ErrnoException).code === 'EPERM' ? files.flags(pathBytes(path)) : '';
    if (kept === '') throw error;
    files.setFlags(pathBytes(path), '');
    try {
      work();
    } finally {
      files.setFlags(pathBytes(path), kept);
    }
  }
}

function flagsOf(files: FileCalls, path: string): string {
  const there = lstatSync(nativePath(path), { throwIfNoEntry: false }) !== undefined;
  return there ? files.flags(pathBytes(path)) : '';
}
