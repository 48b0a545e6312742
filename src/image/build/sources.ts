import { ImageError } from '../error.js';
import { normalised, resolveIn } from '../tree/resolve.js';
import { joinPath, type Entry, type Tree } from '../tree/tree.js';
import { isPattern, patternForm, type Ignore } from './ignore.js';

/** A tree to copy from. */
export interface Origin {
  /** in errors: `the context`, `the stage build` */
  readonly name: string;
  readonly tree: Tree;
  readonly ignore: Ignore;
}

/** What one word of COPY stands for. */
export interface Source {
  /** as written, normalised: for the name in the target, and for `--parents` */
  readonly written: string;
  /** where it is in the tree, symlinks resolved */
  readonly path: string;
  readonly entry: Entry;
}

/**
 * Finds what a source names: a path, or a pattern for names. A symlink is what it leads to, within the tree.
 *
 * @throws ImageError not-found when there is nothing, or all of it is ignored
 */
export function findSources(origin: Origin, word: string): Source[] {
  const pattern = normalised(word);
  const found = isPattern(word)
    ? expandPattern(origin, pattern).flatMap((path) => sourceAt(origin, path) ?? [])
    : [sourceAt(origin, pattern)].flatMap((source) => source ?? []);
  if (found.length > 0) return found;
  const ignored = !isPattern(word) && resolveIn(origin.tree, pattern).exists;
  const why = ignored ? 'it is left out by .dockerignore' : 'there is none';
  throw new ImageError('not-found', `${JSON.stringify(word)} in ${origin.name}: ${why}`);
}

function sourceAt({ tree, ignore }: Origin, written: string): Source | undefined {
  const { path, exists } = resolveIn(tree, written);
  const entry = exists ? tree.lookup(path) : undefined;
  if (entry === undefined || (written !== '' && ignore.excludesAllBelow(written))) return undefined;
  if (entry.type !== 'directory' && ignore.excludes(written)) return undefined;
  return { written, path, entry };
}

/** The paths that a pattern matches, directory by directory, so that nothing is read that cannot match. */
function expandPattern({ tree }: Origin, pattern: string): string[] {
  let paths = [''];
  for (const part of pattern.split('/')) {
    const next: string[] = [];
    for (const directory of paths) {
      if (!isPattern(part)) {
        if (resolveIn(tree, joinPath(directory, part)).exists) next.push(joinPath(directory, part));
        continue;
      }
      const { path, exists } = resolveIn(tree, directory);
      if (!exists || tree.lookup(path)?.type !== 'directory') continue;
      if (part === '**') {
        next.push(directory, ...directoriesBelow(tree, path, directory));
        continue;
      }
      const form = patternForm(part, JSON.stringify(pattern));
      next.push(...tree.list(path).flatMap((name) => (form.test(name) ? [joinPath(directory, name)] : [])));
    }
    paths = [...new Set(next)];
  }
  return paths;
}

function directoriesBelow(tree: Tree, path: string, written: string): string[] {
  return tree.list(path).flatMap((name) => {
    const below = joinPath(path, name);
    if (tree.lookup(below)?.type !== 'directory') return [];
    return [joinPath(written, name), ...directoriesBelow(tree, below, joinPath(written, name))];
  });
}
