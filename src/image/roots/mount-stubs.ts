import { lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { resolveIn } from '../tree/resolve.js';
import { byBytes, parentOf, type Tree } from '../tree/tree.js';

/**
 * The names that a runtime will make in a root so that something can be mounted there: mount points that are missing, and the
 * directories above them. What is below others comes first.
 */
export function missingMountPoints(root: Tree, destinations: readonly string[]): string[] {
  const missing = new Set<string>();
  for (const destination of destinations) {
    const { path } = resolveIn(root, destination);
    for (let at = path; at !== '' && root.lookup(at) === undefined; at = parentOf(at)) missing.add(at);
  }
  const depth = (path: string): number => path.split('/').length;
  return [...missing].sort((a, b) => depth(b) - depth(a) || byBytes(a, b));
}

/**
 * Removes them again, where they are as the runtime made them: empty. They were no doing of the container.
 *
 * @param written where what the container wrote lies
 */
export function removeMountPoints(written: string, paths: readonly string[]): void {
  for (const path of paths) {
    if (!isReachable(written, parentOf(path))) continue;
    const whole = `${written}/${path}`;
    const stats = lstatSync(whole, { throwIfNoEntry: false });
    if (stats?.isFile() === true && stats.size === 0) unlinkSync(whole);
    else if (stats?.isDirectory() === true) removeEmpty(whole);
  }
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    // FreeBSD says ENOTEMPTY as well; POSIX allows EEXIST.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Whether all of a path are directories, and none a symlink that the container may have put there. */
function isReachable(root: string, path: string): boolean {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.every((_, index) => {
    const stats = lstatSync(`${root}/${parts.slice(0, index + 1).join('/')}`, { throwIfNoEntry: false });
    return stats?.isDirectory() === true;
  });
}
