import { readlinkSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { RuntimeError } from '../runtime/error.js';

/** As many symbolic links as the kernel follows in one path: path_resolution(7). */
const linksFollowed = 40;

/**
 * Where a mount below a root belongs, seen as a process does whose root it is: neither `..` nor a symbolic link of the
 * image leads out of it, where mount(2) would follow them to the host. What is missing is left to mount(2) to refuse.
 *
 * @throws RuntimeError invalid for links that go round in circles
 */
export function targetInside(root: string, target: string): string {
  const parts = target.split('/');
  let resolved = root;
  let links = 0;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (resolved !== root) resolved = dirname(resolved);
      continue;
    }
    const next = join(resolved, part);
    const link = readLink(next);
    if (link === undefined) {
      resolved = next;
      continue;
    }
    links += 1;
    if (links > linksFollowed) {
      throw new RuntimeError('invalid', `rootfs mount target ${target}: too many symbolic links`);
    }
    if (isAbsolute(link)) resolved = root;
    parts.unshift(...link.split('/'));
  }
  return resolved;
}

/** Undefined for what is no link, or not there. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['EINVAL', 'ENOENT', 'ENOTDIR'].includes(code)) return undefined;
    throw error;
  }
}
