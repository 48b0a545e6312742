import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { resolveIn } from '../../image/tree/resolve.js';
import type { Tree } from '../../image/tree/tree.js';
import { longestUserFile } from '../../jail/user/files.js';
import { resolveUser } from '../../jail/user/user.js';
import type { NumericUser } from '../spec/linux.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * Turns `user[:group]` into numbers by the passwd(5) and group(5) of a container's root, which the image made and
 * nobody has to trust: symbolic links are followed within the root, and only regular files are read.
 *
 * @throws RuntimeError naming the user that is not there
 */
export function numericUser(user: string, root: Tree): NumericUser {
  if (user === '') return { uid: 0, gid: 0, additionalGids: [] };
  const files = { passwd: readUserFile(root, 'etc/passwd'), group: readUserFile(root, 'etc/group') };
  const { uid, gid, groups } = resolveUser({ user: { kind: 'name', user }, additionalGids: [] }, files);
  return { uid, gid, additionalGids: groups };
}

function readUserFile(root: Tree, path: string): string | undefined {
  const { path: real, exists } = resolveIn(root, path);
  const entry = exists ? root.lookup(real) : undefined;
  if (entry?.type !== 'file') return undefined;
  const file = openSync(entry.hostPath, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const found = fstatSync(file);
    return found.isFile() && found.size <= longestUserFile ? readFileSync(file, 'utf8') : undefined;
  } finally {
    closeSync(file);
  }
}
