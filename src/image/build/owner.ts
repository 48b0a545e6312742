import { readFileSync } from 'node:fs';
import { ImageError } from '../error.js';
import { resolveIn } from '../tree/resolve.js';
import type { Tree } from '../tree/tree.js';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Bytes; a passwd of more is refused. */
const largest = 4 * 1024 * 1024;

/**
 * Reads the value of `--chown`: `user[:group]` by name or number, names by the image's own passwd and group. Without a
 * group it is the user's own, of a number without an entry the group of the same number.
 *
 * @throws ImageError not-found for a name that the image does not know; invalid
 */
export function ownerOf(text: string, image: Tree): Owner {
  const [user = '', group, more] = text.split(':');
  if (user === '' || group === '' || more !== undefined) {
    throw new ImageError('invalid', `--chown=${text}: it is user or user:group`);
  }
  const named = isNumber(user) ? undefined : account(image, 'etc/passwd', user);
  if (named === undefined && !isNumber(user)) {
    throw new ImageError('not-found', `--chown=${text}: the image has no user ${JSON.stringify(user)}`);
  }
  const uid = named === undefined ? number(user, text) : number(named[2] ?? '', text);
  if (group === undefined) return { uid, gid: named === undefined ? uid : number(named[3] ?? '', text) };
  if (isNumber(group)) return { uid, gid: number(group, text) };
  const found = account(image, 'etc/group', group);
  if (found === undefined) {
    throw new ImageError('not-found', `--chown=${text}: the image has no group ${JSON.stringify(group)}`);
  }
  return { uid, gid: number(found[2] ?? '', text) };
}

const isNumber = (text: string): boolean => /^\d+$/.test(text);

function number(text: string, whole: string): number {
  const value = Number(text);
  if (isNumber(text) && value <= 0xfffffffe) return value;
  throw new ImageError('invalid', `--chown=${whole}: ${JSON.stringify(text)} is no id`);
}

/** A line of passwd or group, by its first field. */
function account(image: Tree, path: string, name: string): readonly string[] | undefined {
  const { path: real, exists } = resolveIn(image, path);
  const entry = exists ? image.lookup(real) : undefined;
  if (entry?.type !== 'file') return undefined;
  if (entry.size > largest) throw new ImageError('invalid', `/${path} of the image has ${entry.size} bytes`);
  return readFileSync(entry.hostPath, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name);
}
