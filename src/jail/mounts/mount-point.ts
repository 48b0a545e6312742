import { isKernelError } from '../../kernel/error.js';
import { RuntimeError } from '../../runtime/error.js';
import type { Journal } from '../../runtime/journal.js';
import { makeDirectoryIn, makeFileIn, type MadeDetail } from '../root/directories.js';
import type { Root } from '../root/root.js';
import { namesOf, pathIn } from '../root/walk.js';
import type { MountTree } from './tree.js';

/**
 * Makes what is to be mounted on, if it is missing: a directory or an empty file, with the directories above it. Where the
 * root is read-only it is made in what the root shows.
 *
 * @throws KernelError, RuntimeError
 */
export async function makeMountPoint(
  { root, writable }: MountTree,
  destination: string,
  kind: MadeDetail['kind'],
  journal: Journal,
): Promise<void> {
  try {
    await make(root, destination, kind, journal);
  } catch (error) {
    if (isKernelError(error, 'EOPNOTSUPP')) {
      const at = pathIn(root, namesOf(destination));
      throw new RuntimeError('failed', `mount point ${at}: a devfs takes no new directories`, {
        cause: error,
      });
    }
    if (!isKernelError(error, 'EROFS') || writable === undefined) throw error;
    await make(writable, destination, kind, journal);
  }
}

function make(root: Root, path: string, kind: MadeDetail['kind'], journal: Journal): Promise<void> {
  if (kind === 'file') return makeFileIn(root, path, journal);
  return makeDirectoryIn(root, path, 0o755, journal);
}
