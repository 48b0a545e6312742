import type { FileKind } from '../../src/kernel/freebsd/file-status.js';
import { fail } from './failure.js';
import type { OpenFile } from './open-file.js';
import type { Process } from './process.js';

/** The names in a directory. Those of devfs, procfs and fdescfs depend on who looks. */
export interface Directory {
  lookup(name: string, process: Process): Node | undefined;
  list(process: Process): readonly (readonly [name: string, node: Node])[];
  /** Fails as the file system does that takes no new names. */
  add(name: string, node: Node): void;
  remove(name: string): void;
}

/** A device behind a node of devfs. */
export interface Device {
  readonly name: string;
  /** Opens it: EPERM, ENXIO and the like are the device's. */
  open(process: Process, flags: number): OpenFile;
}

/** What is common to all files of one file system instance. */
export class FileSystem {
  readonly type: string;
  #inodes = 1n;
  /** How many more bytes and inodes it takes. */
  freeBytes = Number.POSITIVE_INFINITY;
  freeInodes = Number.POSITIVE_INFINITY;
  maxFileSize = Number.POSITIVE_INFINITY;
  /** What there was of both when it was empty. */
  limits = { bytes: Number.POSITIVE_INFINITY, inodes: Number.POSITIVE_INFINITY };

  constructor(type: string) {
    this.type = type;
  }

  newInode(): bigint {
    if (this.freeInodes <= 0) fail('ENOSPC');
    this.freeInodes--;
    this.#inodes += 1n;
    return this.#inodes;
  }
}

/** A file of any kind. */
export class Node {
  readonly fileSystem: FileSystem;
  readonly kind: FileKind;
  readonly inode: bigint;
  mode: number;
  uid = 0;
  gid = 0;
  links = 1;
  data: Uint8Array = new Uint8Array(0);
  /** What a symbolic link says. */
  target = '';
  /** Of a directory. */
  contents: Directory | undefined;
  parent: Node | undefined;
  name = '';
  /** No name leads here any more. */
  removed = false;
  device: Device | undefined;

  constructor(fileSystem: FileSystem, kind: FileKind, mode: number) {
    this.fileSystem = fileSystem;
    this.kind = kind;
    this.mode = mode;
    this.inode = fileSystem.newInode();
  }
}

/** A directory as ufs and tmpfs have it. */
export class StoredDirectory implements Directory {
  readonly #entries = new Map<string, Node>();
  readonly #owner: Node;

  constructor(owner: Node) {
    this.#owner = owner;
  }

  lookup(name: string): Node | undefined {
    return this.#entries.get(name);
  }

  list(): [string, Node][] {
    return [...this.#entries];
  }

  add(name: string, node: Node): void {
    this.#entries.set(name, node);
    node.name = name;
    node.parent = this.#owner;
    node.removed = false;
  }

  remove(name: string): void {
    const node = this.#entries.get(name);
    if (node === undefined) return;
    this.#entries.delete(name);
    node.links--;
    if (node.links > 0) return;
    node.removed = true;
    node.fileSystem.freeInodes++;
    node.fileSystem.freeBytes += node.data.byteLength;
  }
}

/** A new directory that stores names. */
export function newDirectory(fileSystem: FileSystem, mode: number): Node {
  const node = new Node(fileSystem, 'directory', mode);
  node.contents = new StoredDirectory(node);
  return node;
}

/** The contents of a directory, or ENOTDIR. */
export function contentsOf(node: Node): Directory {
  return node.contents ?? fail('ENOTDIR');
}

/** Whether a process may read (4), write (2) or execute and search (1) a file. */
export function mayAccess(node: Node, process: Process, wanted: number): boolean {
  const { uid, gid, groups } = process.credential;
  if (uid === 0) {
    // Execution needs a bit for somebody even for root.
    return node.kind !== 'file' || (wanted & 1) === 0 || (node.mode & 0o111) !== 0;
  }
  const shift = node.uid === uid ? 6 : node.gid === gid || groups.includes(node.gid) ? 3 : 0;
  return ((node.mode >> shift) & wanted) === wanted;
}

export function requireAccess(node: Node, process: Process, wanted: number): void {
  if (!mayAccess(node, process, wanted)) fail('EACCES');
}
