import { chmodSync, lstatSync, mkdirSync, readlinkSync, type BigIntStats } from 'node:fs';
import { ImageError } from '../error.js';
import { fromText, nativePath, shownName } from './bytes.js';
import type { Time } from './tar/entry.js';

/** As many as Linux follows in one path. */
const mostLinks = 40;

/** A directory that this layer did not make, whose time is set back when the layer is complete. */
export interface Found {
  readonly path: string;
  readonly mtime: Time;
}

/** What lower layers have, where a layer is unpacked for itself. */
export interface Lower {
  /** Makes here what lower layers have by this name, if they do: a directory alone, or a file or link as it is. */
  bring(path: string, absolute: string): boolean;
}

/**
 * The directory that a layer is unpacked into, and the only place that makes paths of what the layer says.
 *
 * The kernel never follows a symbolic link in these paths: each part above the last is looked at before it is used, and a link
 * among them is followed here, within the root, as a process whose root it is would (a layer may have `lib/x` upon a `lib` that
 * is a link to `usr/lib`). What was seen is remembered, and forgotten when any directory is removed; names that the file system
 * takes for the same cannot be told apart otherwise. The directory must be nobody else's meanwhile.
 */
export class Tree {
  /** absolute, bytes */
  readonly root: string;
  readonly #directories = new Set<string>();
  readonly #found = new Map<string, Found>();
  readonly #lower: Lower | undefined;
  /** of this layer, with the directories above them */
  readonly #put = new Set<string>();

  constructor(root: string, lower?: Lower) {
    this.root = fromText(root);
    this.#lower = lower;
    const stats = this.#look('');
    if (stats?.isDirectory() !== true) throw new Error(`${root}: is no directory`);
    this.#remember('', stats);
  }

  /** `path` is one that `directory` gave, or a name below such a one. */
  absolute(path: string): string {
    return path === '' ? this.root : `${this.root}/${path}`;
  }

  /**
   * Finds the directory that the parts lead to, and makes what is missing of it.
   *
   * @returns its path from the root, without links
   * @throws ImageError invalid, when a part is neither a directory nor a link to one
   */
  directory(parts: readonly string[], make: 'make' | 'find' = 'make'): string | undefined {
    // The usual case costs one look.
    const plain = parts.join('/');
    if (this.#directories.has(plain)) return plain;
    const rest = [...parts].reverse();
    let at = '';
    let links = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === '..') {
        at = at.slice(0, Math.max(at.lastIndexOf('/'), 0));
        continue;
      }
      const next = at === '' ? part : `${at}/${part}`;
      if (this.#directories.has(next)) {
        at = next;
        continue;
      }
      const stats = this.#look(next) ?? (this.bring(next) ? this.#look(next) : undefined);
      if (stats === undefined) {
        if (make === 'find') return undefined;
        this.#makeImplied(next);
        at = next;
      } else if (stats.isDirectory()) {
        this.#remember(next, stats);
        at = next;
      } else if (stats.isSymbolicLink()) {
        links += 1;
        if (links > mostLinks) {
          throw new ImageError(
            'invalid',
            `the layer has ${shownName(plain)}, of more than ${mostLinks} symbolic links`,
          );
        }
        const target = readlinkSync(nativePath(this.absolute(next)), { encoding: 'latin1' });
        if (target.startsWith('/')) at = '';
        rest.push(
          ...target
            .split('/')
            .filter((one) => one !== '' && one !== '.')
            .reverse(),
        );
      } else {
        throw new ImageError(
          'invalid',
          `the layer has something below ${shownName(next)}, which is no directory`,
        );
      }
    }
    return at;
  }

  /** Makes here what lower layers have by this name, if this layer is unpacked for itself, and has not, and they do. */
  bring(path: string): boolean {
    return (
      this.#lower !== undefined &&
      this.#look(path) === undefined &&
      this.#lower.bring(path, this.absolute(path))
    );
  }

  /** Whether it is a directory still, and reached by directories: what was there may have become a link since. */
  isDirectory(path: string): boolean {
    for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
      const part = end === -1 ? path : path.slice(0, end);
      if (!this.#directories.has(part)) {
        const stats = this.#look(part);
        if (stats?.isDirectory() !== true) return false;
        this.#remember(part, stats);
      }
      if (end === -1) return true;
    }
  }

  /** Says that `path` is a directory now, made by this layer. */
  made(path: string): void {
    this.#directories.add(path);
  }

  /** Says that directories were removed. */
  forget(): void {
    this.#directories.clear();
    this.#directories.add('');
  }

  /** Says that this layer has put something there, which its whiteouts do not mean. */
  put(path: string): void {
    for (let at = path; at !== '' && !this.#put.has(at); at = at.slice(0, Math.max(at.lastIndexOf('/'), 0))) {
      this.#put.add(at);
    }
  }

  isPut(path: string): boolean {
    return this.#put.has(path);
  }

  /** Directories of lower layers in which this layer changed something. */
  found(): Iterable<Found> {
    return this.#found.values();
  }

  #look(path: string): BigIntStats | undefined {
    return lstatSync(nativePath(this.absolute(path)), { throwIfNoEntry: false, bigint: true });
  }

  /** A directory of which the layer says nothing, or not yet. */
  #makeImplied(path: string): void {
    const native = nativePath(this.absolute(path));
    mkdirSync(native, { mode: 0o755 });
    chmodSync(native, 0o755);
    this.#directories.add(path);
  }

  #remember(path: string, stats: BigIntStats): void {
    this.#directories.add(path);
    if (!this.#found.has(path)) this.#found.set(path, { path, mtime: timeOf(stats) });
  }
}

/** Rounds down, also before 1970. */
export function timeOf({ mtimeNs }: BigIntStats): Time {
  const billion = 1_000_000_000n;
  const nanoseconds = ((mtimeNs % billion) + billion) % billion;
  return { seconds: Number((mtimeNs - nanoseconds) / billion), nanoseconds: Number(nanoseconds) };
}
