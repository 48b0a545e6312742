import { ImageError } from '../error.js';
import { normalised, resolveIn } from '../tree/resolve.js';
import { joinPath, parentOf, type Entry, type Tree } from '../tree/tree.js';
import type { Chmod } from './chmod.js';
import type { Ignore } from './ignore.js';
import type { LayerItem } from './items.js';
import type { Owner } from './owner.js';
import { findSources, type Origin, type Source } from './sources.js';

/** Of COPY and ADD, with all words expanded and read. */
export interface CopyPlan {
  readonly origin: Origin;
  /** paths and patterns in the origin */
  readonly sources: readonly string[];
  /** files that stand in the Containerfile */
  readonly inline: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** absolute, or relative to the working directory */
  readonly target: string;
  readonly workingDirectory: string;
  /** undefined: as in the origin */
  readonly owner: Owner | undefined;
  readonly chmod: Chmod | undefined;
  readonly exclude: Ignore;
  readonly parents: boolean;
  /** the image so far */
  readonly image: Tree;
  /** seconds since 1970: the time of what has none of its own */
  readonly now: number;
}

/**
 * What a COPY adds to an image (Docker's Dockerfile reference, "COPY"): a directory's content goes into the target; a
 * file into it when the target ends in `/`, is a directory or takes several, and becomes it otherwise. Missing
 * directories are made. Symlinks of the image in the target's path are followed, within the image.
 *
 * @throws ImageError not-found, or invalid when the target cannot take it
 */
export function planCopy(plan: CopyPlan): LayerItem[] {
  const found = plan.sources.flatMap((word) =>
    findSources(plan.origin, word).map((source) => ({ source, word })),
  );
  const written = plan.target.startsWith('/') ? plan.target : `${plan.workingDirectory}/${plan.target}`;
  const into =
    /\/\.{0,2}$|^\.{1,2}$/.test(plan.target) ||
    plan.target === '' ||
    found.length + plan.inline.length > 1 ||
    plan.parents;
  const copy = new Copying(plan);
  for (const { source, word } of found) copy.source(source, word, written, into);
  for (const { name, bytes } of plan.inline) copy.text(name, bytes, written, into);
  return copy.result();
}

class Copying {
  private readonly items = new Map<string, LayerItem>();

  constructor(private readonly plan: CopyPlan) {}

  result(): LayerItem[] {
    return [...this.items.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  }

  source(source: Source, word: string, target: string, into: boolean): void {
    const { parents } = this.plan;
    if (source.entry.type === 'directory') {
      const directory = parents ? `${target}/${keptParents(word, source.written)}` : target;
      this.content(source.path, '', this.directory(directory));
      return;
    }
    const name = parents ? keptParents(word, source.written) : baseName(source.written);
    if (this.plan.exclude.excludes(name)) return;
    this.add(this.place(target, name, into), source.entry, source.path);
  }

  text(name: string, bytes: Uint8Array, target: string, into: boolean): void {
    const { owner, chmod, now } = this.plan;
    const mode = chmod === undefined ? 0o644 : chmod(0o644, false);
    const path = this.place(target, name, into);
    const { uid, gid } = owner ?? root;
    this.items.set(path, {
      type: 'file',
      path,
      mode,
      uid,
      gid,
      modified: now,
      size: bytes.length,
      content: { bytes },
    });
  }

  /** All below a directory. `relative` is the way from where the copying began: what patterns match. */
  private content(path: string, relative: string, target: string): void {
    const { tree, ignore } = this.plan.origin;
    for (const name of tree.list(path)) {
      const [from, inside] = [joinPath(path, name), joinPath(relative, name)];
      const entry = tree.lookup(from);
      if (entry === undefined) continue;
      if (this.skipsAll(ignore, from) || this.skipsAll(this.plan.exclude, inside)) continue;
      const excluded = ignore.excludes(from) || this.plan.exclude.excludes(inside);
      const to = joinPath(target, name);
      if (entry.type !== 'directory') {
        if (!excluded) this.add(to, entry, from);
        continue;
      }
      // Of a directory that is left out, something below may have been taken back: it is made when that comes.
      if (!excluded) this.add(to, entry, from);
      this.content(from, inside, to);
    }
  }

  private skipsAll(ignore: Ignore, path: string): boolean {
    return ignore.excludesAllBelow(path);
  }

  private add(path: string, entry: Entry, from: string): void {
    const { plan } = this;
    if (parentOf(path) !== '' && !this.items.has(parentOf(path))) this.directory(parentOf(path));
    const there = plan.image.lookup(path);
    if (there !== undefined && (there.type === 'directory') !== (entry.type === 'directory')) {
      const what = there.type === 'directory' ? 'a directory' : `a ${there.type}`;
      throw new ImageError(
        'invalid',
        `${JSON.stringify(from)} cannot become /${path}: that is ${what} in the image`,
      );
    }
    const { uid, gid } = plan.owner ?? entry;
    const mode = plan.chmod === undefined ? entry.mode : plan.chmod(entry.mode, entry.type === 'directory');
    const common = { path, mode, uid, gid, modified: entry.modified };
    if (entry.type === 'directory') {
      this.items.set(path, { type: 'directory', ...common });
    } else if (entry.type === 'file') {
      this.items.set(path, {
        type: 'file',
        ...common,
        size: entry.size,
        content: { hostPath: entry.hostPath },
      });
    } else if (entry.type === 'symlink') {
      this.items.set(path, { type: 'symlink', ...common, mode: 0o777, target: plan.origin.tree.link(from) });
    } else {
      throw new ImageError(
        'unsupported',
        `${JSON.stringify(from)} in ${plan.origin.name} is no file, directory or symlink`,
      );
    }
  }

  /** Where a single file goes. */
  private place(target: string, name: string, into: boolean): string {
    const { path } = resolveIn(this.plan.image, target);
    const isDirectory = into || path === '' || this.plan.image.lookup(path)?.type === 'directory';
    if (isDirectory && !name.includes('/')) return joinPath(this.directory(target), name);
    if (isDirectory) return joinPath(this.directory(`${target}/${parentOf(name)}`), baseName(name));
    this.directory(parentOf(path));
    return path;
  }

  /** The real path of a directory of the image, which is made with those above it when it is not there. */
  private directory(written: string): string {
    const { image, now, owner } = this.plan;
    const { path } = resolveIn(image, written);
    const parts = path.split('/').filter((part) => part !== '');
    let at = '';
    for (const part of parts) {
      at = joinPath(at, part);
      const there = this.items.get(at)?.type ?? image.lookup(at)?.type;
      if (there === undefined) {
        const { uid, gid } = owner ?? root;
        this.items.set(at, { type: 'directory', path: at, mode: 0o755, uid, gid, modified: now });
      } else if (there !== 'directory') {
        throw new ImageError('invalid', `/${at} in the image is no directory`);
      }
    }
    return path;
  }
}

const root: Owner = { uid: 0, gid: 0 };
const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** With `--parents`: the path, from the `/./` in it if there is one. */
function keptParents(word: string, written: string): string {
  const pivot = word.indexOf('/./');
  if (pivot === -1) return written;
  const before = normalised(word.slice(0, pivot));
  const depth = before === '' ? 0 : before.split('/').length;
  return written.split('/').slice(depth).join('/');
}

/** An image with nothing in it. */
export const emptyTree: Tree = { lookup: () => undefined, list: () => [], link: () => '' };
