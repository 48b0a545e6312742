import { Arena } from '../arena.js';
import { isKernelError } from '../error.js';
import type { FileCalls, FileTime } from '../files.js';
import type { Argument, LocalKernel } from '../kernel.js';
import { callOnce, single } from './call.js';

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const types = { character: 0o020000, block: 0o060000 } as const;
const S_IFIFO = 0o010000;
/** XATTR_SIZE_MAX and XATTR_LIST_MAX of linux/limits.h. */
const attributeMax = 65536;

/** The calls on files of Linux: mknod(2), linkat(2), utimensat(2), lsetxattr(2) and its like. */
export function linuxFiles(kernel: LocalKernel): FileCalls {
  return {
    makeDevice: (path, type, major, minor) => {
      makeNode(kernel, path, types[type], deviceNumber(major, minor));
    },
    deviceOf: (number) => ({
      major: Number(((number >> 32n) & 0xfffff000n) | ((number >> 8n) & 0xfffn)),
      minor: Number(((number >> 12n) & 0xffffff00n) | (number & 0xffn)),
    }),
    makeFifo: (path) => {
      makeNode(kernel, path, S_IFIFO, 0n);
    },
    link: (from, to) => {
      const arena = new Arena();
      const args = [AT_FDCWD, text(arena, from), AT_FDCWD, text(arena, to), 0];
      callOnce(kernel, single('linkat', args, arena), `${shown(from)} to ${shown(to)}`);
    },
    setTime: (path, time) => {
      setTime(kernel, path, time);
    },
    attributes: (path) => readAttributes(kernel, path),
    setAttribute: (path, name, value) => setAttribute(kernel, path, name, value),
    removeAttribute: (path, name) => {
      const arena = new Arena();
      const args = [text(arena, path), text(arena, Buffer.from(name, 'latin1'))];
      callOnce(kernel, single('lremovexattr', args, arena), shown(path));
    },
    // Linux has a few of its own, which no tar has.
    flags: () => '',
    setFlags: () => undefined,
  };
}

/** dev_t as sys/sysmacros.h of glibc and musl builds it. */
export function deviceNumber(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
  );
}

/** The umask applies to nothing: the file has no permissions until they are set. */
function makeNode(kernel: LocalKernel, path: Buffer, type: number, device: bigint): void {
  const arena = new Arena();
  callOnce(kernel, single('mknod', [text(arena, path), type, device], arena), shown(path));
}

function setTime(kernel: LocalKernel, path: Buffer, { seconds, nanoseconds }: FileTime): void {
  const arena = new Arena();
  const both = [seconds, nanoseconds, seconds, nanoseconds];
  const times = { arena: arena.array('i64', both, 'time') };
  const args = [AT_FDCWD, text(arena, path), times, AT_SYMLINK_NOFOLLOW];
  callOnce(kernel, single('utimensat', args, arena), shown(path));
}

function setAttribute(kernel: LocalKernel, path: Buffer, name: string, value: Buffer): boolean {
  const arena = new Arena(value.byteLength + 1024);
  const args = [
    text(arena, path),
    text(arena, Buffer.from(name, 'latin1')),
    { arena: arena.bytes(value) },
    value.byteLength,
    0,
  ];
  try {
    callOnce(kernel, single('lsetxattr', args, arena), `${shown(path)} ${name}`);
    return true;
  } catch (error) {
    // No such namespace, or one that symbolic links and devices cannot have.
    if (isKernelError(error, 'EOPNOTSUPP') || (isKernelError(error, 'EPERM') && name.startsWith('user.'))) {
      return false;
    }
    throw error;
  }
}

function readAttributes(kernel: LocalKernel, path: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  const names = readInto(kernel, path, 'llistxattr', []);
  for (const name of names?.toString('latin1').split('\0') ?? []) {
    if (name === '') continue;
    const value = readInto(kernel, path, 'lgetxattr', [name]);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/** What such a call writes; undefined when there is none, or none any more. */
function readInto(
  kernel: LocalKernel,
  path: Buffer,
  symbol: string,
  names: readonly string[],
): Buffer | undefined {
  for (const capacity of [1024, attributeMax]) {
    const arena = new Arena(capacity + 1024);
    const given = names.map((name) => text(arena, Buffer.from(name, 'latin1')));
    const at = text(arena, path);
    const buffer = arena.reserve(capacity);
    try {
      const args = [at, ...given, { arena: buffer }, capacity];
      const { value, arena: bytes } = callOnce(kernel, single(symbol, args, arena), shown(path));
      return Buffer.from(bytes.slice(buffer, buffer + value));
    } catch (error) {
      if (isKernelError(error, 'EOPNOTSUPP', 'ENODATA')) return undefined;
      if (!isKernelError(error, 'ERANGE') || capacity === attributeMax) throw error;
    }
  }
  return undefined;
}

function text(arena: Arena, path: Buffer): Argument {
  if (path.includes(0)) throw new RangeError('path: contains a NUL');
  return { arena: arena.bytes(Buffer.concat([path, Buffer.alloc(1)]), 1) };
}

const shown = (path: Buffer): string => path.toString();
