import { lstatSync, readlinkSync, type BigIntStats } from 'node:fs';
import type { Readable } from 'node:stream';
import type { FileCalls } from '../../../kernel/files.js';
import { fromText, nativePath, pathBytes } from '../bytes.js';
import { namesIn } from '../remove.js';
import { attributesOf, describeFile, marker, typeOf } from './describe-file.js';
import { HardLinks } from './hard-links.js';
import { sameContent } from './same-content.js';
import { tarOf, type Change } from './write.js';

export interface TreesOptions {
  /** seconds since 1970: later times become this one */
  readonly latest?: number | undefined;
  /**
   * nanoseconds since 1970: what has not changed since then, by the kernel's own record (ctime), need not be looked at
   */
  readonly since?: bigint | undefined;
}

/**
 * The layer that makes of one directory another: what is new or changed, and whiteouts for what is gone. Names are sorted by their bytes.
 *
 * @param before undefined: an empty one
 * @returns undefined when they are the same
 */
export function treesDiff(
  files: FileCalls,
  before: string | undefined,
  after: string,
  { latest = Infinity, since = -1n }: TreesOptions = {},
): Readable | undefined {
  const walk = new Walk(files, latest, since);
  if (before !== undefined) walk.findLinks(fromText(before), fromText(after));
  return tarOf(walk.changes(before === undefined ? undefined : fromText(before), fromText(after), ''));
}

class Walk {
  readonly #links = new HardLinks();
  readonly #before = namesOfFiles();
  readonly #after = namesOfFiles();

  constructor(
    private readonly files: FileCalls,
    private readonly latest: number,
    private readonly since: bigint,
  ) {}

  /** Files with several names: those that are the same ones as before can be linked to. */
  findLinks(before: string, after: string): void {
    gather(after, '', this.#after);
    gather(before, '', this.#before, this.#after.byName);
    for (const [name, stats] of this.#after.byName) {
      const was = this.#before.byName.get(name);
      if (was !== undefined && this.isSame(name, `${before}/${name}`, was, `${after}/${name}`, stats)) {
        this.#links.found(name, stats);
      }
    }
  }

  *changes(before: string | undefined, after: string, prefix: string): Generator<Change> {
    const earlier = new Set(before === undefined ? [] : namesIn(before));
    const now = namesIn(after);
    const all = [...new Set([...earlier, ...now])].sort();
    const there = new Set(now);
    for (const name of all) {
      if (!there.has(name)) {
        yield { entry: marker(`${prefix}.wh.${name}`, this.latest) };
        continue;
      }
      const old = before !== undefined && earlier.has(name) ? `${before}/${name}` : undefined;
      yield* this.name(old, `${after}/${name}`, prefix + name);
    }
  }

  private *name(before: string | undefined, path: string, name: string): Generator<Change> {
    const stats = lstatSync(nativePath(path), { bigint: true });
    const type = typeOf(stats);
    const old = before === undefined ? undefined : lstatSync(nativePath(before), { bigint: true });
    const same = old !== undefined && before !== undefined && this.isSame(name, before, old, path, stats);
    const entry = describeFile(this.files, path, name, stats, this.latest);
    if (entry === undefined) return;
    const written = this.#links.of(entry, stats);
    if (!same) yield written.type === 'file' ? { entry: written, path } : { entry: written };
    if (type !== 'directory') return;
    const directory = old?.isDirectory() === true ? before : undefined;
    yield* this.changes(directory, path, `${name}/`);
  }

  private isSame(name: string, before: string, old: BigIntStats, path: string, stats: BigIntStats): boolean {
    const fields: readonly (keyof BigIntStats)[] = ['mode', 'uid', 'gid', 'mtimeNs', 'rdev'];
    if (fields.some((field) => old[field] !== stats[field])) return false;
    if (!stats.isDirectory() && old.size !== stats.size) return false;
    if (!stats.isDirectory() && firstName(this.#before, name, old) !== firstName(this.#after, name, stats))
      return false;
    if (stats.ctimeNs < this.since) return true;
    if (stats.isSymbolicLink() && target(before) !== target(path)) return false;
    if (!sameAttributes(this.files, before, path)) return false;
    return !stats.isFile() || sameContent(before, path);
  }
}

const target = (path: string): string => readlinkSync(nativePath(path), { encoding: 'latin1' });

function sameAttributes(files: FileCalls, before: string, after: string): boolean {
  const [old, now] = [attributesOf(files, before), attributesOf(files, after)];
  if (old.size !== now.size || files.flags(pathBytes(before)) !== files.flags(pathBytes(after))) return false;
  return [...old].every(([name, value]) => now.get(name)?.equals(value) === true);
}

/** Names in a tree of files that have several, and the first name of each such file. */
interface NamesOfFiles {
  readonly byName: Map<string, BigIntStats>;
  readonly first: Map<bigint, string>;
}

const namesOfFiles = (): NamesOfFiles => ({ byName: new Map(), first: new Map() });

/** @param wanted names that are noted also if they are the only ones of their files */
function gather(
  directory: string,
  prefix: string,
  found: NamesOfFiles,
  wanted?: ReadonlyMap<string, unknown>,
): void {
  for (const name of namesIn(directory).sort()) {
    const path = `${directory}/${name}`;
    const stats = lstatSync(nativePath(path), { bigint: true });
    if (stats.isDirectory()) gather(path, `${prefix}${name}/`, found, wanted);
    else if (stats.nlink > 1n || wanted?.has(prefix + name) === true) {
      found.byName.set(prefix + name, stats);
      if (!found.first.has(stats.ino)) found.first.set(stats.ino, prefix + name);
    }
  }
}

/** Names are those of the same file when this is the same. */
const firstName = ({ first }: NamesOfFiles, name: string, stats: BigIntStats): string =>
  stats.nlink > 1n ? (first.get(stats.ino) ?? name) : name;
