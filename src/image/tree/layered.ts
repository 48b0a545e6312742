import { isUtf8 } from 'node:buffer';
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { ImageError } from '../error.js';
import { byBytes, joinPath, type Entry, type EntryType, type Tree } from './tree.js';

export interface LayeredOptions {
  /** Tells whether a directory of a layer hides what lower layers have in it: overlay's `trusted.overlay.opaque`. */
  readonly isOpaque?: (hostPath: string) => boolean;
  /** whether all paths, also those of the directories, are bytes, one character each, and need not be text */
  readonly bytes?: boolean;
}

/**
 * Directories that lie one upon the other, topmost first, as overlayfs shows them merged: a character device 0:0 is the
 * absence of what lies below, and an opaque directory that of all in it. One directory alone is a tree too.
 *
 * What it has seen it keeps, since nobody changes these directories while it is in use.
 */
export function layeredTree(directories: readonly string[], options: LayeredOptions = {}): Tree {
  const look = new Looking(options);
  const seen = new Map<string, Found>();
  const [top] = directories;
  const root: Found = { entry: top === undefined ? undefined : look.at(top)?.entry, places: directories };

  function find(path: string): Found {
    if (path === '') return root;
    const known = seen.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf('/');
    const above = find(path.slice(0, Math.max(slash, 0)));
    const found = look.in(above.places, path.slice(slash + 1));
    seen.set(path, found);
    return found;
  }

  return {
    lookup: (path) => find(path).entry,
    list: (path) => {
      const { places } = find(path);
      const names = new Set(places.flatMap((place) => look.names(place)));
      return [...names].filter((name) => find(joinPath(path, name)).entry !== undefined).sort(byBytes);
    },
    link: (path) => look.link(find(path).entry?.hostPath ?? path),
  };
}

/** A name, and if it is a directory, where its parts lie. */
interface Found {
  readonly entry: Entry | undefined;
  readonly places: readonly string[];
}

class Looking {
  private readonly isOpaque: (hostPath: string) => boolean;
  private readonly bytes: boolean;

  constructor({ isOpaque = () => false, bytes = false }: LayeredOptions) {
    this.isOpaque = isOpaque;
    this.bytes = bytes;
  }

  at(hostPath: string): { readonly entry: Entry; readonly stats: Stats } | undefined {
    const stats = lstatSync(this.native(hostPath), { throwIfNoEntry: false });
    return stats && { entry: entryOf(stats, hostPath), stats };
  }

  in(places: readonly string[], name: string): Found {
    let entry: Entry | undefined;
    const parts: string[] = [];
    for (const place of places) {
      const hostPath = `${place}/${name}`;
      const found = this.at(hostPath);
      if (found === undefined) continue;
      if (!found.stats.isDirectory()) {
        if (parts.length === 0 && !isWhiteout(found.stats)) entry = found.entry;
        break;
      }
      entry ??= found.entry;
      parts.push(hostPath);
      if (this.isOpaque(hostPath)) break;
    }
    return { entry, places: parts };
  }

  /** @throws ImageError unsupported for a name that is no text, where it must be */
  names(place: string): string[] {
    return readdirSync(this.native(place), { encoding: 'buffer' }).map((name) => this.text(name, place));
  }

  link(hostPath: string): string {
    return this.text(readlinkSync(this.native(hostPath), { encoding: 'buffer' }), hostPath);
  }

  private text(bytes: Buffer, where: string): string {
    if (this.bytes) return bytes.toString('latin1');
    if (isUtf8(bytes)) return bytes.toString('utf8');
    const shown = JSON.stringify(bytes.toString('latin1').slice(0, 100));
    throw new ImageError('unsupported', `${where} has ${shown}, whose bytes are no UTF-8`);
  }

  private native(path: string): string | Buffer {
    return this.bytes ? Buffer.from(path, 'latin1') : path;
  }
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
