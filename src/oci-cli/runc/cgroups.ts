import { readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Pauses between the tries, in milliseconds. A process that was waited for may stay in its cgroup for a moment; runc
 * pauses five times, for 10 ms and twice as long each time.
 */
const pauses = [1, 2, 4, 8, 16, 32];

/**
 * Removes cgroups that no process is in, with those below them. Other threads call the kernel, which may have to wait until another
 * program has moved a process.
 *
 * @returns false if any is left: a process is still there
 */
export async function removeEmptyCgroups(directories: readonly string[]): Promise<boolean> {
  let left = directories;
  for (let tries = 0; ; tries += 1) {
    const removed = await Promise.all(left.map((directory) => removeTree(directory)));
    left = left.filter((_, index) => removed[index] === false);
    if (left.length === 0) return true;
    const pause = pauses[tries];
    if (pause === undefined) return false;
    await delay(pause);
  }
}

async function removeTree(directory: string): Promise<boolean> {
  if (await remove(directory)) return true;
  const entries = await readdir(directory, { withFileTypes: true });
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name));
  for (const one of below) if (!(await removeTree(one))) return false;
  return below.length > 0 && (await remove(directory));
}

/** False if there is a process in it, or another cgroup. */
async function remove(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    if (code === 'ENOENT') return true;
    throw error;
  }
}
