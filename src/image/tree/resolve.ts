import { ImageError } from '../error.js';
import { joinPath, parentOf, type Entry, type Tree } from './tree.js';

/** As Linux and FreeBSD count them (MAXSYMLINKS there is 32, here 40). */
const mostLinks = 40;

export interface Resolved {
  /** without symlinks, and without `.`, `..` and empty parts */
  readonly path: string;
  readonly exists: boolean;
}

/**
 * Follows symlinks as a process whose root is the tree would: absolute ones begin at the tree's root, and nothing leads
 * out of it. Of a path that does not exist, the part that is missing is kept as it is.
 *
 * @param last whether a symlink at the end is followed too
 * @throws ImageError invalid for more than 40 symlinks, or for a file where a directory must be
 */
export function resolveIn(tree: Tree, path: string, last = true): Resolved {
  const rest = parts(path).reverse();
  let at = '';
  let exists = true;
  let links = 0;
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    if (name === '..') {
      at = parentOf(at);
      exists = tree.lookup(at) !== undefined;
      continue;
    }
    const next = joinPath(at, name);
    const entry: Entry | undefined = exists ? tree.lookup(next) : undefined;
    if (entry?.type === 'symlink' && (last || rest.length > 0)) {
      links += 1;
      if (links > mostLinks) throw new ImageError('invalid', `/${path}: more than ${mostLinks} symlinks`);
      const target = tree.link(next);
      if (target.startsWith('/')) at = '';
      rest.push(...parts(target).reverse());
      continue;
    }
    if (entry !== undefined && entry.type !== 'directory' && rest.length > 0) {
      throw new ImageError('invalid', `/${next} is no directory`);
    }
    exists = entry !== undefined;
    at = next;
  }
  return { path: at, exists };
}

const parts = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** A path without `.`, `..` and empty parts, by its letters alone; `..` stops at the root. */
export function normalised(path: string): string {
  const result: string[] = [];
  for (const part of parts(path)) {
    if (part === '..') result.pop();
    else result.push(part);
  }
  return result.join('/');
}
