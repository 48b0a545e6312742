import type { Argument } from '../kernel.js';
import { readStruct, readText } from '../layout.js';
import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { checkId, checkInteger, checkNonEmpty } from './check.js';
import { readFileStatus, type FileStatus } from './file-status.js';

// Calls below a directory descriptor. A relative path of several components can be led out of the directory by a
// symbolic link or "..": on 12 nothing in the kernel prevents it, so hostile trees are walked one name at a time.

/** A directory by its descriptor, or by the step of the same batch that opens it. */
export type Directory = number | ResultOf;

/** How to open a file. */
export interface OpenOptions {
  readonly access?: 'read' | 'write' | 'read and write';
  /** Fail unless it is a directory. */
  readonly directory?: boolean;
  /** Make it, with this mode, if it is not there. */
  readonly create?: { readonly mode: number; readonly exclusive?: boolean };
  readonly truncate?: boolean;
  readonly append?: boolean;
  readonly nonBlocking?: boolean;
  /** Keep it open across execve(2). */
  readonly inherit?: boolean;
  /** What it is called when it cannot be opened: its path, where only a name is given. */
  readonly object?: string;
}

/** Opens an absolute path: openat(2). The caller closes what it answers. Symbolic links are followed. */
export function open(b: BatchBuilder, path: string, options: OpenOptions = {}): Step<number> {
  if (!path.startsWith('/')) throw new RangeError(`path: '${path}' is not absolute`);
  return callOpen(b, b.bindings.constants.AT_FDCWD, path, openFlags(b, options), options);
}

/**
 * Opens one name in a directory: openat(2) with O_NOFOLLOW and, where the kernel has it, O_RESOLVE_BENEATH. A symbolic
 * link is EMLINK. The caller closes what it answers.
 */
export function openIn(
  b: BatchBuilder,
  directory: Directory,
  name: string,
  options: OpenOptions = {},
): Step<number> {
  const { O_NOFOLLOW, O_RESOLVE_BENEATH = 0 } = b.bindings.constants;
  const flags = openFlags(b, options) | O_NOFOLLOW | O_RESOLVE_BENEATH;
  return callOpen(b, directory, checkName(name), flags, options);
}

/** Opens an absolute path for the rest of the batch only, and answers nothing. */
export function openTemporarily(b: BatchBuilder, path: string, options: OpenOptions = {}): ResultOf {
  return b.temporary(open(b, path, options).value);
}

function callOpen(
  b: BatchBuilder,
  directory: Directory,
  path: string,
  flags: number,
  { create, object = path }: OpenOptions,
): Step<number> {
  const at = b.arena.text(path, 'path', b.bindings.constants.MAXPATHLEN);
  const mode = create === undefined ? 0 : checkMode(create.mode);
  const value = b.forCaller(b.call('openat', [directory, { arena: at }, flags, mode], { object }));
  return { value, decode: ({ valueOf }) => valueOf(value) };
}

function openFlags(b: BatchBuilder, options: OpenOptions): number {
  const c = b.bindings.constants;
  const access = { read: c.O_RDONLY, write: c.O_WRONLY, 'read and write': c.O_RDWR }[
    options.access ?? 'read'
  ];
  const bits: [on: boolean | undefined, bit: number][] = [
    [options.directory, c.O_DIRECTORY],
    [options.create !== undefined, c.O_CREAT],
    [options.create?.exclusive, c.O_EXCL],
    [options.truncate, c.O_TRUNC],
    [options.append, c.O_APPEND],
    [options.nonBlocking, c.O_NONBLOCK],
    [options.inherit !== true, c.O_CLOEXEC],
  ];
  // A terminal must never become the controlling one of whoever opens files for others.
  return bits.reduce((sum, [on, bit]) => (on === true ? sum | bit : sum), access | c.O_NOCTTY);
}

/** Closes a descriptor: close(2). */
export function close(b: BatchBuilder, fd: number | ResultOf): Step<void> {
  return simple(b, 'close', [fd], 'descriptor');
}

/** Looks at what a path leads to: fstatat(2). Symbolic links are followed. */
export function statusAt(b: BatchBuilder, path: string): Step<FileStatus> {
  return fstatat(b, b.bindings.constants.AT_FDCWD, path, 0);
}

/**
 * Looks at a name in a directory, at a symbolic link itself: fstatat(2).
 *
 * @param object what it is called in messages, here and below: its path, where that is known
 */
export function statusIn(
  b: BatchBuilder,
  directory: Directory,
  name: string,
  object = name,
): Step<FileStatus> {
  return fstatat(b, directory, checkName(name), b.bindings.constants.AT_SYMLINK_NOFOLLOW, object);
}

/** Looks at an open file: fstat(2). */
export function statusOf(b: BatchBuilder, fd: number | ResultOf, object = 'descriptor'): Step<FileStatus> {
  const buffer = b.arena.reserve(b.bindings.layouts.stat.size);
  const value = b.call('fstat', [fd, { arena: buffer }], { object });
  return { value, decode: ({ arena }) => readFileStatus(b.bindings, arena, buffer) };
}

function fstatat(
  b: BatchBuilder,
  directory: Directory,
  path: string,
  flags: number,
  object = path,
): Step<FileStatus> {
  const buffer = b.arena.reserve(b.bindings.layouts.stat.size);
  const at = b.arena.text(path, 'path', b.bindings.constants.MAXPATHLEN);
  const value = b.call('fstatat', [directory, { arena: at }, { arena: buffer }, flags], { object });
  return { value, decode: ({ arena }) => readFileStatus(b.bindings, arena, buffer) };
}

/** Makes a directory: mkdirat(2). The umask applies; set-id and sticky bits are dropped. */
export function makeDirectory(
  b: BatchBuilder,
  directory: Directory,
  name: string,
  mode: number,
  object = name,
): Step<void> {
  return simple(b, 'mkdirat', [directory, nameIn(b, name), checkMode(mode)], object);
}

/** Makes a symbolic link that says `text`: symlinkat(2). */
export function makeSymlink(b: BatchBuilder, text: string, directory: Directory, name: string): Step<void> {
  const target = { arena: b.arena.text(text, 'symbolic link', b.bindings.constants.MAXPATHLEN) };
  return simple(b, 'symlinkat', [target, directory, nameIn(b, name)], name);
}

/** Makes a fifo: mkfifoat(2). */
export function makeFifo(b: BatchBuilder, directory: Directory, name: string, mode: number): Step<void> {
  return simple(b, 'mkfifoat', [directory, nameIn(b, name), checkMode(mode)], name);
}

/** What a symbolic link says: readlinkat(2). */
export function readSymlink(b: BatchBuilder, directory: Directory, name: string): Step<string> {
  const capacity = b.bindings.constants.MAXPATHLEN;
  const buffer = b.arena.reserve(capacity);
  const args = [directory, nameIn(b, name), { arena: buffer }, capacity];
  const value = b.call('readlinkat', args, { object: name });
  return { value, decode: ({ arena, valueOf }) => readText(arena, buffer, valueOf(value)) };
}

/** Removes a name: unlinkat(2). A directory without `directory` is EPERM or EISDIR, a full one ENOTEMPTY. */
export function remove(
  b: BatchBuilder,
  directory: Directory,
  name: string,
  { directory: isDirectory = false, object = name } = {},
): Step<void> {
  const flags = isDirectory ? b.bindings.constants.AT_REMOVEDIR : 0;
  return simple(b, 'unlinkat', [directory, nameIn(b, name), flags], object);
}

/** Moves a name to a directory of the same file system: renameat(2). */
export function rename(
  b: BatchBuilder,
  from: readonly [directory: Directory, name: string],
  to: readonly [directory: Directory, name: string],
  object = `${from[1]} to ${to[1]}`,
): Step<void> {
  const args = [from[0], nameIn(b, from[1]), to[0], nameIn(b, to[1])];
  return simple(b, 'renameat', args, object);
}

/**
 * Sets the permission bits of a file: fchmodat(2). A symbolic link itself cannot be followed, and has bits of its own.
 */
export function changeMode(
  b: BatchBuilder,
  directory: Directory,
  name: string,
  mode: number,
  object = name,
): Step<void> {
  const { AT_SYMLINK_NOFOLLOW } = b.bindings.constants;
  return simple(b, 'fchmodat', [directory, nameIn(b, name), checkMode(mode), AT_SYMLINK_NOFOLLOW], object);
}

/** Gives a file, or a symbolic link itself, to a user and a group: fchownat(2). */
export function changeOwner(
  b: BatchBuilder,
  directory: Directory,
  name: string,
  uid: number,
  gid: number,
  object = name,
): Step<void> {
  const { AT_SYMLINK_NOFOLLOW } = b.bindings.constants;
  const args = [directory, nameIn(b, name), checkId('uid', uid), checkId('gid', gid), AT_SYMLINK_NOFOLLOW];
  return simple(b, 'fchownat', args, object);
}

/** Reads at most `capacity` bytes: read(2). None at the end. */
export function read(
  b: BatchBuilder,
  fd: number | ResultOf,
  capacity: number,
  object: string,
): Step<Uint8Array> {
  const length = checkInteger('capacity', capacity, 1, 16 * 1024 * 1024);
  const buffer = b.arena.reserve(length);
  const value = b.call('read', [fd, { arena: buffer }, length], { object });
  return { value, decode: ({ arena, valueOf }) => arena.slice(buffer, buffer + valueOf(value)) };
}

/** Writes bytes and answers how many were taken: write(2). */
export function write(
  b: BatchBuilder,
  fd: number | ResultOf,
  data: Uint8Array,
  object: string,
): Step<number> {
  const args = [fd, { arena: b.arena.bytes(data) }, data.byteLength];
  const value = b.call('write', args, { object });
  return { value, decode: ({ valueOf }) => valueOf(value) };
}

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly inode: bigint;
}

/**
 * The next entries of an open directory, without "." and "..": getdirentries(2). `end` says that there are no more.
 */
export function readDirectory(
  b: BatchBuilder,
  directory: Directory,
  object: string,
  capacity = 65536,
): Step<{ readonly entries: DirectoryEntry[]; readonly end: boolean }> {
  const buffer = b.arena.reserve(capacity);
  const args = [directory, { arena: buffer }, capacity, 0];
  const value = b.call('getdirentries', args, { object });
  return {
    value,
    decode: ({ arena, valueOf }) => {
      const length = valueOf(value);
      const bytes = arena.subarray(buffer, buffer + length);
      return { entries: entriesOf(b, bytes), end: length === 0 };
    },
  };
}

function entriesOf(b: BatchBuilder, bytes: Uint8Array): DirectoryEntry[] {
  const { dirent } = b.bindings.layouts;
  const { d_name: nameField, ...fields } = dirent.fields;
  // The kernel writes only as much of each structure as its name needs.
  const head = { ...dirent, size: nameField.offset, fields };
  const entries: DirectoryEntry[] = [];
  for (let offset = 0; offset < bytes.byteLength;) {
    const { d_fileno, d_reclen, d_namlen } = readStruct(bytes, offset, head);
    if (d_reclen < head.size + d_namlen) throw new Error(`getdirentries: an entry of ${d_reclen} bytes`);
    const name = readText(bytes, offset + nameField.offset, d_namlen);
    if (d_fileno !== 0n && name !== '.' && name !== '..') entries.push({ name, inode: d_fileno });
    offset += d_reclen;
  }
  return entries;
}

/** One name in a directory: not empty, no slash, neither "." nor "..". Throws a RangeError. */
function checkName(name: string): string {
  checkNonEmpty('name', name, 256);
  if (name.includes('/') || name === '.' || name === '..')
    throw new RangeError(`name: '${name}' is not one name`);
  return name;
}

function nameIn(b: BatchBuilder, name: string): { arena: number } {
  return { arena: b.arena.text(checkName(name), 'name') };
}

function checkMode(mode: number): number {
  return checkInteger('mode', mode, 0, 0o7777);
}

function simple(b: BatchBuilder, symbol: string, args: readonly Argument[], object: string): Step<void> {
  return { value: b.call(symbol, args, { object }), decode: () => undefined };
}
