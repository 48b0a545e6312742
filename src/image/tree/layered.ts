import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { byBytes, joinPath, type Entry, type EntryType, type Tree } from './tree.js';

/** Tells whether a directory of a layer hides what lower layers have in it: overlay's `trusted.overlay.opaque`. */
export type IsOpaque = (hostPath: string) => boolean;

const never: IsOpaque = () => false;

/**
 * Directories that lie one upon the other, topmost first, as overlayfs shows them merged: a character device 0:0 is the
 * absence of what lies below, and an opaque directory that of all in it. One directory alone is a tree too.
 *
 * What it has seen it keeps, since nobody changes these directories while it is in use.
 */
export function layeredTree(directories: readonly string[], isOpaque: IsOpaque = never): Tree {
  const seen = new Map<string, Found>();
  const root: Found = { entry: undefined, places: directories };

  function find(path: string): Found {
    if (path === '') return rootOf(root);
    const known = seen.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf('/');
    const above = find(path.slice(0, Math.max(slash, 0)));
    const found = findIn(above.places, path.slice(slash + 1), isOpaque);
    seen.set(path, found);
    return found;
  }

  return {
    lookup: (path) => find(path).entry,
    list: (path) => {
      const { places } = find(path);
      const names = new Set(places.flatMap((place) => readdirSync(place)));
      return [...names].filter((name) => find(joinPath(path, name)).entry !== undefined).sort(byBytes);
    },
    link: (path) => readlinkSync(find(path).entry?.hostPath ?? path),
  };
}

/** A name, and if it is a directory, where its parts lie. */
interface Found {
  readonly entry: Entry | undefined;
  readonly places: readonly string[];
}

function rootOf({ places }: Found): Found {
  const [top] = places;
  return { entry: top === undefined ? undefined : entryOf(lstatSync(top), top), places };
}

function findIn(places: readonly string[], name: string, isOpaque: IsOpaque): Found {
  let entry: Entry | undefined;
  const parts: string[] = [];
  for (const place of places) {
    const hostPath = `${place}/${name}`;
    const stats = lstatSync(hostPath, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (!stats.isDirectory()) {
      if (parts.length === 0 && !isWhiteout(stats)) entry = entryOf(stats, hostPath);
      break;
    }
    entry ??= entryOf(stats, hostPath);
    parts.push(hostPath);
    if (isOpaque(hostPath)) break;
  }
  return { entry, places: parts };
}

const isWhiteout = (stats: Stats): boolean => stats.isCharacterDevice() && stats.rdev === 0;

function entryOf(stats: Stats, hostPath: string): Entry {
  return {
    type: typeOf(stats),
    hostPath,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    size: stats.size,
    modified: stats.mtimeMs / 1000,
  };
}

function typeOf(stats: Stats): EntryType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'other';
}
