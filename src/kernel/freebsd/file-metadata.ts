import type { Argument } from '../kernel.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkWord } from './check.js';

// Calls on files by whole paths, for trees that nobody else changes. Paths are bytes, since names need not be UTF-8, and a
// symbolic link at the end of one is never followed.

/** A namespace of extended attributes: extattr(9). */
export type AttributeNamespace = 'user' | 'system';

/** Makes a device without permissions: mknodat(2). Outside of devfs it can be kept, but not used. */
export function makeDeviceNode(
  b: BatchBuilder,
  path: Uint8Array,
  type: 'character' | 'block',
  major: number,
  minor: number,
): Step<void> {
  const { AT_FDCWD, S_IFCHR, S_IFBLK } = b.bindings.constants;
  const mode = checkWord('type', type, { character: S_IFCHR, block: S_IFBLK });
  const device = deviceNumber(major, minor);
  return simple(b, 'mknodat', [AT_FDCWD, pathAt(b, path), mode, device], path);
}

/** dev_t as makedev() of sys/types.h builds it. */
export function deviceNumber(major: number, minor: number): bigint {
  const high = BigInt(checkInteger('major', major, 0, 0xffff_ffff));
  const low = BigInt(checkInteger('minor', minor, 0, 0xffff_ffff));
  return (
    ((high & 0xffffff00n) << 32n) | ((high & 0xffn) << 8n) | ((low & 0xff00n) << 24n) | (low & 0xffff00ffn)
  );
}

/** Makes a fifo without permissions: mkfifoat(2). */
export function makeFifoNode(b: BatchBuilder, path: Uint8Array): Step<void> {
  return simple(b, 'mkfifoat', [b.bindings.constants.AT_FDCWD, pathAt(b, path), 0], path);
}

/** Gives a file, or a symbolic link itself, one more name: linkat(2). */
export function linkFile(b: BatchBuilder, from: Uint8Array, to: Uint8Array): Step<void> {
  const { AT_FDCWD } = b.bindings.constants;
  return simple(b, 'linkat', [AT_FDCWD, pathAt(b, from), AT_FDCWD, pathAt(b, to), 0], to);
}

/** Sets the times of last access and last modification to the same: utimensat(2). */
export function setFileTime(
  b: BatchBuilder,
  path: Uint8Array,
  seconds: number,
  nanoseconds: number,
): Step<void> {
  const { AT_FDCWD, AT_SYMLINK_NOFOLLOW } = b.bindings.constants;
  checkInteger('seconds', seconds, -(2 ** 39), 2 ** 39);
  checkInteger('nanoseconds', nanoseconds, 0, 999_999_999);
  const times = b.arena.array('i64', [seconds, nanoseconds, seconds, nanoseconds], 'time');
  return simple(b, 'utimensat', [AT_FDCWD, pathAt(b, path), { arena: times }, AT_SYMLINK_NOFOLLOW], path);
}

/** The flags of a file: fstatat(2), chflags(2). */
export function fileFlags(b: BatchBuilder, path: Uint8Array): Step<number> {
  const { AT_FDCWD, AT_SYMLINK_NOFOLLOW } = b.bindings.constants;
  const { stat } = b.bindings.layouts;
  const buffer = b.arena.reserve(stat.size);
  const args = [AT_FDCWD, pathAt(b, path), { arena: buffer }, AT_SYMLINK_NOFOLLOW];
  const value = b.call('fstatat', args, { object: shown(path) });
  const at = buffer + stat.fields.st_flags.offset;
  return { value, decode: ({ arena }) => new DataView(arena.buffer, arena.byteOffset).getUint32(at, true) };
}

/** Sets all of them: chflagsat(2). */
export function setFileFlags(b: BatchBuilder, path: Uint8Array, flags: number): Step<void> {
  const { AT_FDCWD, AT_SYMLINK_NOFOLLOW } = b.bindings.constants;
  const bits = checkInteger('flags', flags, 0, 0xffff_ffff);
  return simple(b, 'chflagsat', [AT_FDCWD, pathAt(b, path), bits, AT_SYMLINK_NOFOLLOW], path);
}

/** Sets an extended attribute: extattr_set_link(2). */
export function setAttribute(
  b: BatchBuilder,
  path: Uint8Array,
  namespace: AttributeNamespace,
  name: string,
  value: Uint8Array,
): Step<void> {
  const data = { arena: b.arena.bytes(value) };
  const args = [pathAt(b, path), namespaceOf(b, namespace), nameAt(b, name), data, value.byteLength];
  return simple(b, 'extattr_set_link', args, path);
}

/** Removes one: extattr_delete_link(2). */
export function removeAttribute(
  b: BatchBuilder,
  path: Uint8Array,
  namespace: AttributeNamespace,
  name: string,
): Step<void> {
  const args = [pathAt(b, path), namespaceOf(b, namespace), nameAt(b, name)];
  return simple(b, 'extattr_delete_link', args, path);
}

/** At most `capacity` bytes of the value of one: extattr_get_link(2). */
export function readAttribute(
  b: BatchBuilder,
  path: Uint8Array,
  namespace: AttributeNamespace,
  name: string,
  capacity: number,
): Step<Uint8Array> {
  const args = [pathAt(b, path), namespaceOf(b, namespace), nameAt(b, name)];
  return reading(b, 'extattr_get_link', args, path, capacity);
}

/** At most `capacity` bytes of the list of names, each after its length in one byte: extattr_list_link(2). */
export function readAttributeNames(
  b: BatchBuilder,
  path: Uint8Array,
  namespace: AttributeNamespace,
  capacity: number,
): Step<Uint8Array> {
  return reading(b, 'extattr_list_link', [pathAt(b, path), namespaceOf(b, namespace)], path, capacity);
}

function reading(
  b: BatchBuilder,
  symbol: string,
  args: readonly Argument[],
  path: Uint8Array,
  capacity: number,
): Step<Uint8Array> {
  const length = checkInteger('capacity', capacity, 1, 16 * 1024 * 1024);
  const buffer = b.arena.reserve(length);
  const value = b.call(symbol, [...args, { arena: buffer }, length], { object: shown(path) });
  return { value, decode: ({ arena, valueOf }) => arena.slice(buffer, buffer + valueOf(value)) };
}

function namespaceOf(b: BatchBuilder, namespace: AttributeNamespace): number {
  const { EXTATTR_NAMESPACE_USER, EXTATTR_NAMESPACE_SYSTEM } = b.bindings.constants;
  return checkWord('namespace', namespace, {
    user: EXTATTR_NAMESPACE_USER,
    system: EXTATTR_NAMESPACE_SYSTEM,
  });
}

/** Names are bytes, one character each. */
function nameAt(b: BatchBuilder, name: string): Argument {
  const bytes = Buffer.from(name, 'latin1');
  checkInteger(
    'name of an attribute: its length',
    bytes.byteLength,
    1,
    b.bindings.constants.EXTATTR_MAXNAMELEN,
  );
  return { arena: terminated(b, bytes, 'name of an attribute') };
}

function pathAt(b: BatchBuilder, path: Uint8Array): Argument {
  checkInteger('path: its length', path.byteLength, 1, b.bindings.constants.MAXPATHLEN - 1);
  return { arena: terminated(b, path, 'path') };
}

function terminated(b: BatchBuilder, bytes: Uint8Array, what: string): number {
  if (bytes.includes(0)) throw new RangeError(`${what}: contains a NUL`);
  const offset = b.arena.reserve(bytes.byteLength + 1, 1);
  b.arena.write(offset, bytes);
  return offset;
}

function simple(b: BatchBuilder, symbol: string, args: readonly Argument[], path: Uint8Array): Step<void> {
  return { value: b.call(symbol, args, { object: shown(path) }), decode: () => undefined };
}

const shown = (path: Uint8Array): string => Buffer.from(path).toString();
