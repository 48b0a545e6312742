import { ImageError } from '../error.js';
import { shownName } from './bytes.js';

/**
 * The parts of an entry's name, or of the name that a hard link is another of: relative to the root, whatever it begins with.
 *
 * @throws ImageError invalid for one with `..`, which no honest program writes
 */
export function partsOf(name: string): string[] {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..')
      throw new ImageError('invalid', `the layer has ${shownName(name)}, which leads upwards`);
    parts.push(part);
  }
  return parts;
}

const prefix = '.wh.';
const opaque = '.wh..wh..opq';

/** What an entry means for lower layers: nothing, the removal of one name, or of all that they have in a directory. */
export type Meaning =
  | { readonly kind: 'content' }
  | { readonly kind: 'removal'; readonly name: string }
  | { readonly kind: 'opaque' }
  /** what AUFS keeps for itself */
  | { readonly kind: 'none' };

const content: Meaning = { kind: 'content' };

/**
 * Reads the last part of a name (image-spec layer.md, "Whiteouts").
 *
 * @throws ImageError invalid for a removal of nothing, `.` or `..`
 */
export function meaningOf(base: string): Meaning {
  if (!base.startsWith(prefix)) return content;
  if (base === opaque) return { kind: 'opaque' };
  const name = base.slice(prefix.length);
  if (name.startsWith(prefix)) return { kind: 'none' };
  if (name === '' || name === '.' || name === '..') {
    throw new ImageError('invalid', `the layer has a whiteout ${shownName(base)}, of no name`);
  }
  return { kind: 'removal', name };
}

/** @throws ImageError invalid for a directory whose name would be a whiteout */
export function refuseWhiteoutParents(parents: readonly string[]): void {
  const wrong = parents.find((part) => part.startsWith(prefix));
  if (wrong !== undefined) {
    throw new ImageError('invalid', `the layer has something below the whiteout ${shownName(wrong)}`);
  }
}
