import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import type { FileCalls } from '../../kernel/files.js';
import { isKernelError } from '../../kernel/error.js';
import { ImageError } from '../error.js';
import { nativePath, pathBytes, shownName } from './bytes.js';
import { clearAttributes, setAttributes, setMetadata, setTime } from './metadata.js';
import { meaningOf, partsOf, refuseWhiteoutParents } from './names.js';
import { despiteFlags, removeTree, unlocked } from './remove.js';
import type { Entry } from './tar/entry.js';
import type { Tree } from './tree.js';
import type { Whiteouts } from './whiteouts.js';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/** Puts the entries of one layer into a tree. It ends by `finish` or `close`. */
export class Applier {
  readonly #tree: Tree;
  readonly #files: FileCalls;
  readonly #whiteouts: Whiteouts;
  /** what directories are to be once all is in them */
  readonly #directories = new Map<string, Entry>();
  readonly #flags = new Map<string, string>();
  #file: { readonly fd: number; readonly path: string; readonly entry: Entry } | undefined;

  constructor(tree: Tree, files: FileCalls, whiteouts: Whiteouts) {
    this.#tree = tree;
    this.#files = files;
    this.#whiteouts = whiteouts;
  }

  /** Begins an entry; bytes of a file follow. @throws ImageError invalid */
  entry(entry: Entry): void {
    const parts = partsOf(entry.name);
    const base = parts.pop();
    if (base === undefined) {
      this.#root(entry);
      return;
    }
    refuseWhiteoutParents(parts);
    const meaning = meaningOf(base);
    if (meaning.kind === 'none') return;
    const directory = this.#tree.directory(parts) ?? '';
    if (meaning.kind === 'content') this.#put(entry, directory === '' ? base : `${directory}/${base}`);
    else if (meaning.kind === 'opaque') this.#whiteouts.hideAll(directory);
    else this.#whiteouts.hide(directory === '' ? meaning.name : `${directory}/${meaning.name}`);
  }

  /** Bytes of the file whose entry came last. Those of what is no file are dropped. */
  data(data: Buffer, position: number): void {
    if (this.#file === undefined) return;
    for (let done = 0; done < data.byteLength;) {
      done += writeSync(this.#file.fd, data, done, data.byteLength - done, position + done);
    }
  }

  /** The file whose entry came last is complete. */
  done(): void {
    if (this.#file === undefined) return;
    const { fd, path, entry } = this.#file;
    fchownSync(fd, entry.uid, entry.gid);
    fchmodSync(fd, entry.mode);
    setAttributes(this.#files, path, entry.attributes);
    if (entry.mtime.nanoseconds === 0) futimesSync(fd, entry.mtime.seconds, entry.mtime.seconds);
    else setTime(this.#files, path, entry.mtime);
    this.close();
  }

  /** Sets what can be set only when all is there. */
  finish(): void {
    const absolute = (path: string): string => this.#tree.absolute(path);
    for (const { path, mtime } of [...this.#tree.found()]) {
      if (this.#directories.has(path) || !this.#tree.isDirectory(path)) continue;
      despiteFlags(this.#files, absolute(path), () => {
        setTime(this.#files, absolute(path), mtime);
      });
    }
    for (const [path, entry] of [...this.#directories].reverse()) {
      if (this.#tree.isDirectory(path)) setMetadata(this.#files, absolute(path), entry);
    }
    for (const [path, flags] of this.#flags) {
      if (!this.#tree.isDirectory(parentOf(path))) continue;
      this.#files.setFlags(pathBytes(absolute(path)), flags);
    }
  }

  /** Ends early. May be called again. */
  close(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) closeSync(file.fd);
  }

  #root(entry: Entry): void {
    if (entry.type !== 'directory')
      throw new ImageError('invalid', `the layer has a ${entry.type} as its root`);
    this.#directories.set('', entry);
  }

  #put(entry: Entry, path: string): void {
    const absolute = this.#tree.absolute(path);
    const made = unlocked(this.#files, absolute, () => this.#make(entry, path, absolute));
    this.#tree.put(path);
    if (entry.flags !== '' && entry.type !== 'link') this.#flags.set(path, entry.flags);
    else if (this.#flags.size > 0) this.#flags.delete(path);
    if (entry.type === 'directory') {
      if (!made) this.#clear(absolute, entry);
      this.#directories.set(path, entry);
      this.#tree.made(path);
    } else if (entry.type !== 'file' && entry.type !== 'link') setMetadata(this.#files, absolute, entry);
  }

  /** Takes from a directory that was there what the layer does not say of it. */
  #clear(absolute: string, entry: Entry): void {
    const bytes = pathBytes(absolute);
    if (this.#files.flags(bytes) !== '') this.#files.setFlags(bytes, '');
    clearAttributes(this.#files, absolute, entry.attributes);
  }

  /** @returns false for a directory that was there */
  #make(entry: Entry, path: string, absolute: string): boolean {
    for (let again = false; ; again = true) {
      try {
        this.#create(entry, absolute);
        return true;
      } catch (error) {
        if (again || !isTaken(error)) throw error;
        const there = lstatSync(nativePath(absolute));
        if (there.isDirectory()) {
          if (entry.type === 'directory') return false;
          this.#forget(path);
        }
        if (entry.type === 'link') this.#refuseItself(entry, path);
        removeTree(this.#files, absolute);
      }
    }
  }

  #create(entry: Entry, absolute: string): void {
    const native = nativePath(absolute);
    switch (entry.type) {
      case 'file': {
        const fd = openSync(native, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
        this.#file = { fd, path: absolute, entry };
        if (entry.extents !== undefined) ftruncateSync(fd, entry.size);
        return;
      }
      case 'directory':
        mkdirSync(native, { mode: 0o700 });
        return;
      case 'symlink':
        symlinkSync(nativePath(entry.target), native);
        return;
      case 'link':
        this.#link(entry, absolute);
        return;
      case 'fifo':
        this.#files.makeFifo(pathBytes(absolute));
        return;
      case 'character':
      case 'block':
        this.#files.makeDevice(pathBytes(absolute), entry.type, entry.major, entry.minor);
    }
  }

  #link(entry: Entry, absolute: string): void {
    const from = this.#linked(entry);
    try {
      this.#files.link(pathBytes(this.#tree.absolute(from)), pathBytes(absolute));
    } catch (error) {
      if (!isKernelError(error, 'ENOENT')) throw error;
      throw new ImageError('invalid', `the layer has ${linkNames(entry)}, which is not there`, {
        cause: error,
      });
    }
  }

  /** The path of what a link is another name of: not a directory, and not reached by a link at its end. */
  #linked(entry: Entry): string {
    const parts = partsOf(entry.target);
    const base = parts.pop();
    const directory = base === undefined ? undefined : this.#tree.directory(parts, 'find');
    if (base === undefined || directory === undefined) {
      throw new ImageError('invalid', `the layer has ${linkNames(entry)}, which is not there`);
    }
    const path = directory === '' ? base : `${directory}/${base}`;
    this.#tree.bring(path);
    if (lstatSync(nativePath(this.#tree.absolute(path)), { throwIfNoEntry: false })?.isDirectory() === true) {
      throw new ImageError('invalid', `the layer has ${linkNames(entry)}, which is a directory`);
    }
    return path;
  }

  /** Removing the name for a link to itself would lose the file. */
  #refuseItself(entry: Entry, path: string): void {
    if (this.#linked(entry) === path)
      throw new ImageError('invalid', `the layer has ${linkNames(entry)}: itself`);
  }

  /** Of a directory that is to be removed. */
  #forget(path: string): void {
    this.#tree.forget();
    for (const kept of [this.#directories, this.#flags]) {
      for (const other of kept.keys()) if (other === path || other.startsWith(`${path}/`)) kept.delete(other);
    }
  }
}

const linkNames = (entry: Entry): string => `${shownName(entry.name)}, a link to ${shownName(entry.target)}`;

const parentOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0));

const isTaken = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException).code === 'EEXIST' || isKernelError(error, 'EEXIST');
