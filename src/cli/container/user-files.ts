import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { longestUserFile } from '../../jail/user/files.js';
import { resolveUser } from '../../jail/user/user.js';
import type { NumericUser } from '../spec/linux.js';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * Turns `user[:group]` into numbers by the passwd(5) and group(5) of a container's root, which the image made and
 * nobody has to trust: no symbolic link is followed, and only regular files are read.
 *
 * @param layers the folders that together are the root, the uppermost first
 * @throws RuntimeError naming the user that is not there
 */
export function numericUser(user: string, layers: readonly string[]): NumericUser {
  if (user === '') return { uid: 0, gid: 0, additionalGids: [] };
  const files = { passwd: readEtc(layers, 'passwd'), group: readEtc(layers, 'group') };
  const { uid, gid, groups } = resolveUser({ user: { kind: 'name', user }, additionalGids: [] }, files);
  return { uid, gid, additionalGids: groups };
}

function readEtc(layers: readonly string[], name: string): string | undefined {
  for (const layer of layers) {
    const text = readIn(`${layer}/etc`, name);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The folder is held open, so that it cannot become another between two looks: proc(5), /proc/PID/fd. */
function readIn(folder: string, name: string): string | undefined {
  let directory: number | undefined;
  let file: number | undefined;
  try {
    directory = openSync(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    file = openSync(`/proc/self/fd/${directory}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const found = fstatSync(file);
    if (!found.isFile() || found.size > longestUserFile) return undefined;
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) return undefined;
    throw error;
  } finally {
    for (const fd of [file, directory]) if (fd !== undefined) closeSync(fd);
  }
}
