import { KernelError, isKernelError } from '../../kernel/error.js';
import type { BatchBuilder, Step } from '../../kernel/freebsd/batch-builder.js';
import { close, openIn, readSymlink, statusIn, statusOf, type Directory } from '../../kernel/freebsd/file.js';
import type { FileStatus } from '../../kernel/freebsd/file-status.js';
import type { Root } from './root.js';

// MAXSYMLINKS of sys/param.h
const maxSymlinks = 32;
// Of one batch, and of descriptors at a time. A path of the kernel's could be deeper, by names of one letter.
const maxDepth = 128;
const maxName = 255;

/** What a path inside a root leads to. None of its names is a symbolic link. */
export interface Place {
  /** The descriptor of the directory that `name` is in; without a name, of the place itself. */
  readonly directory: number;
  /** The names that lead to `directory` from the root. */
  readonly above: readonly string[];
  /** Undefined if the path ends in the root, or in "..". */
  readonly name: string | undefined;
  /** Undefined if there is nothing of this name. */
  readonly status: FileStatus | undefined;
  /** The names below `name` if that is not there. */
  readonly missing: readonly string[];
}

/**
 * Finds what a path leads to *inside* a root, whatever the tree in it looks like: each name is opened in the directory before
 * it, without following symbolic links; those are read and resolved here, so that neither an absolute one nor ".."
 * leads out of the root. Somebody may change the tree meanwhile: then the walk ends elsewhere, but inside.
 *
 * A walk is made in rounds, by batches that it shares with others; without symbolic links one is enough.
 */
export class Walk {
  /** What was found, or why nothing can be; undefined as long as there is another round to make. */
  outcome: Place | KernelError | undefined;
  readonly #root: Root;
  readonly #path: string;
  /** Names that were found to be directories, then those of which nothing is known. */
  #done: readonly string[] = [];
  #pending: readonly string[];
  #symlinks = 0;
  #opened: readonly number[] = [];

  /** @param path absolute or not: it begins at the root */
  constructor(root: Root, path: string) {
    this.#root = root;
    this.#path = path;
    this.#pending = namesOf(path);
    this.#check();
  }

  /** Adds the calls of the next round. Decoding never throws. */
  round(b: BatchBuilder): Step<void> {
    const closed = this.release(b);
    while (this.#pending[0] === '..') {
      this.#done = this.#done.slice(0, -1);
      this.#pending = this.#pending.slice(1);
    }
    const upwards = this.#pending.indexOf('..');
    const stretch = upwards < 0 ? this.#pending : this.#pending.slice(0, upwards);
    const rest = upwards < 0 ? [] : this.#pending.slice(upwards);
    const last = upwards < 0 ? stretch.at(-1) : undefined;
    const names = [...this.#done, ...(last === undefined ? stretch : stretch.slice(0, -1))];
    let directory: Directory = this.#root.fd;
    const steps = names.map((name, index) => {
      const from = directory;
      const open = b.attempt(() => openIn(b, from, name, { directory: true }));
      // What was a directory before is not expected to be a link now.
      const link = index < this.#done.length ? undefined : b.attempt(() => readSymlink(b, from, name));
      directory = open.value;
      return { open, link };
    });
    const end = directory;
    const status = b.attempt(() => (last === undefined ? statusOf(b, end) : statusIn(b, end, last)));
    const link = last === undefined ? undefined : b.attempt(() => readSymlink(b, end, last));
    return {
      value: status.value,
      decode: (outcome) => {
        closed.decode(outcome);
        const found = steps.map(({ open }) => open.decode(outcome));
        this.#opened = found.filter((fd) => typeof fd === 'number');
        const failed = found.findIndex((fd) => typeof fd !== 'number');
        const error = found[failed];
        const following = last === undefined ? rest : [last];
        if (isKernelError(error)) {
          const text = steps[failed]?.link?.decode(outcome);
          this.#stopped(names, failed, error, text, following);
        } else if (rest.length > 0) {
          this.#go(names, rest);
        } else {
          this.#ended(names, last, status.decode(outcome), () => link?.decode(outcome));
        }
      },
    };
  }

  /** Closes what the walk holds open, at the end of a batch: the directory of its place as well. */
  release(b: BatchBuilder): Step<void> {
    const steps = this.#opened.map((fd) => b.attempt(() => close(b, fd)));
    return {
      value: steps.at(-1)?.value ?? { result: -1 },
      decode: () => {
        this.#opened = [];
      },
    };
  }

  get holdsDescriptors(): boolean {
    return this.#opened.length > 0;
  }

  /** A name on the way could not be opened as a directory. */
  #stopped(
    names: readonly string[],
    index: number,
    error: KernelError,
    link: string | KernelError | undefined,
    following: readonly string[],
  ): void {
    const above = names.slice(0, index);
    const name = names[index];
    const below = [...names.slice(index + 1), ...following];
    if (typeof link === 'string') this.#follow(above, link, below);
    else if (error.code === 'EMLINK') this.#retry(above, names.slice(index).concat(following));
    else if (error.code === 'ENOENT' && !below.includes('..')) this.#found(above, name, undefined, below);
    else this.#fail(error.call, error.errno);
  }

  /** All directories on the way are open. */
  #ended(
    above: readonly string[],
    name: string | undefined,
    status: FileStatus | KernelError,
    readLink: () => string | KernelError | undefined,
  ): void {
    if (isKernelError(status)) {
      if (status.code === 'ENOENT' && name !== undefined) this.#found(above, name, undefined, []);
      else this.#fail(status.call, status.errno);
    } else if (status.kind !== 'symlink' || name === undefined) {
      this.#found(above, name, status, []);
    } else {
      const link = readLink();
      if (typeof link === 'string') this.#follow(above, link, []);
      else this.#retry(above, [name]);
    }
  }

  #found(
    above: readonly string[],
    name: string | undefined,
    status: FileStatus | undefined,
    missing: readonly string[],
  ): void {
    const directory = (above.length === 0 ? undefined : this.#opened[above.length - 1]) ?? this.#root.fd;
    this.outcome = { directory, above, name, status, missing };
  }

  #follow(above: readonly string[], text: string, below: readonly string[]): void {
    if (text === '') {
      this.#fail('openat', this.#root.system.bindings.errors.ENOENT);
    } else if (this.#countSymlink()) {
      this.#go(text.startsWith('/') ? [] : above, [...namesOf(text), ...below]);
    }
  }

  /** Somebody made something else of a symbolic link before it could be read. */
  #retry(done: readonly string[], pending: readonly string[]): void {
    if (this.#countSymlink()) this.#go(done, pending);
  }

  #countSymlink(): boolean {
    this.#symlinks++;
    if (this.#symlinks > maxSymlinks) this.#fail('openat', this.#root.system.bindings.errors.ELOOP);
    return this.outcome === undefined;
  }

  #go(done: readonly string[], pending: readonly string[]): void {
    this.#done = done;
    this.#pending = pending;
    this.#check();
  }

  #check(): void {
    const names = [...this.#done, ...this.#pending];
    const length = names.reduce((sum, name) => sum + Buffer.byteLength(name) + 1, 0);
    const tooLong = names.some((name) => Buffer.byteLength(name) > maxName);
    const { MAXPATHLEN } = this.#root.system.bindings.constants;
    if (tooLong || length >= MAXPATHLEN || names.length > maxDepth) {
      this.#fail('openat', this.#root.system.bindings.errors.ENAMETOOLONG);
    }
  }

  #fail(call: string, errno: number): void {
    const object = pathIn(this.#root, namesOf(this.#path));
    this.outcome = new KernelError({ platform: 'freebsd', call, object, errno });
  }
}

/** The names of a path, without those that say nothing. Throws a RangeError if there is a NUL. */
export function namesOf(path: string): string[] {
  if (path.includes('\0')) throw new RangeError('path: contains a NUL');
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

/** How names inside a root are called on the host. */
export function pathIn(root: Pick<Root, 'path'>, names: readonly string[]): string {
  const inside = names.join('/');
  if (inside === '') return root.path;
  return root.path === '/' ? `/${inside}` : `${root.path}/${inside}`;
}

/** How a place is called on the host. */
export function hostPathOf(root: Root, place: Place): string {
  return pathIn(root, namesTo(place));
}

/** The names that lead from the root to a place. */
export function namesTo({ above, name, missing }: Place): string[] {
  return [...above, ...(name === undefined ? [] : [name]), ...missing];
}
