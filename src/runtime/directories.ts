import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a directory, and those above it that are missing: mkdir -p.
 *
 * mkdir of Node.js 20 with `recursive` never ends on a file system that answers ENOENT to mkdir(2) in a directory that
 * exists, as /proc does; here that is an error like any other.
 */
export async function makeDirectories(path: string, mode: number): Promise<void> {
  try {
    await makeDirectory(path, mode);
  } catch (error) {
    const above = dirname(path);
    if (!isMissing(error) || above === path) throw error;
    // If it exists by now, somebody else has made it since, or the file system answers so: the second try tells.
    if (!(await exists(above))) await makeDirectories(above, mode);
    await makeDirectory(path, mode);
  }
}

async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    // EEXIST from most, but a read-only file system says EROFS, and the root directory EISDIR on FreeBSD.
    if (isMissing(error) || !(await isDirectory(path))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // why not, the error of mkdir says
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
