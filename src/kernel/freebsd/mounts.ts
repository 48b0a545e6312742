import type { Bindings } from '../bindings/types.js';
import { readStruct, readText } from '../layout.js';
import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { checkInteger } from './check.js';
import type { FileSystemId } from './mount.js';
import { run, type FreeBSD } from './run.js';

/** A mounted file system, as statfs(2) describes it. */
export interface MountedFileSystem {
  readonly type: string;
  /** As it was given to the mount call: for nullfs it may be relative, or a path within some jail. */
  readonly from: string;
  readonly on: string;
  readonly id: FileSystemId;
  /** MNT_* bits. Those of a nullfs are partly those of the file system below, as it was last looked at. */
  readonly flags: bigint;
  readonly blockSize: bigint;
  readonly blocks: bigint;
  readonly freeBlocks: bigint;
  readonly files: bigint;
}

/**
 * The file system that a path lies on: statfs(2).
 *
 * @param object what it is called in messages, if the path is relative
 */
export function fileSystemAt(b: BatchBuilder, path: string, object = path): Step<MountedFileSystem> {
  const at = b.arena.text(path, 'path', b.bindings.constants.MAXPATHLEN);
  return statfs(b, 'statfs', { arena: at }, object);
}

/** The file system that an open file lies on: fstatfs(2). */
export function fileSystemOf(
  b: BatchBuilder,
  fd: number | ResultOf,
  object: string,
): Step<MountedFileSystem> {
  return statfs(b, 'fstatfs', fd, object);
}

function statfs(
  b: BatchBuilder,
  symbol: 'statfs' | 'fstatfs',
  what: number | ResultOf | { readonly arena: number },
  object: string,
): Step<MountedFileSystem> {
  const buffer = b.arena.reserve(b.bindings.layouts.statfs.size);
  const value = b.call(symbol, [what, { arena: buffer }], { object });
  return { value, decode: ({ arena }) => readStatfs(b.bindings, arena, buffer) };
}

/** How many mounts the caller sees: getfsstat(2) without a buffer. */
export function countMounts(b: BatchBuilder): Step<number> {
  const value = b.call('getfsstat', [0, 0, b.bindings.constants.MNT_NOWAIT], { object: 'mounts' });
  return { value, decode: ({ valueOf }) => valueOf(value) };
}

/**
 * The mounts that the caller sees, in the order in which they were made, as far as `capacity` goes: getfsstat(2) with
 * what is cached of each.
 */
export function readMounts(b: BatchBuilder, capacity: number): Step<MountedFileSystem[]> {
  const { size } = b.bindings.layouts.statfs;
  const length = checkInteger('capacity', capacity, 1, 20_000) * size;
  const buffer = b.arena.reserve(length);
  const args = [{ arena: buffer }, length, b.bindings.constants.MNT_NOWAIT];
  const value = b.call('getfsstat', args, { object: 'mounts' });
  return {
    value,
    decode: ({ arena, valueOf }) => {
      const count = Math.min(valueOf(value), capacity);
      return Array.from({ length: count }, (_, index) =>
        readStatfs(b.bindings, arena, buffer + index * size),
      );
    },
  };
}

/** All mounts that the caller sees, in the order in which they were made. Two round trips, unless many are made meanwhile. */
export async function listMounts(system: FreeBSD): Promise<MountedFileSystem[]> {
  let capacity = await run(system, countMounts);
  for (;;) {
    // A full buffer may have cut the list.
    capacity += 8;
    const mounts = await run(system, (b) => readMounts(b, capacity));
    if (mounts.length < capacity) return mounts;
  }
}

function readStatfs(bindings: Bindings, arena: Uint8Array, offset: number): MountedFileSystem {
  const { constants: c, layouts } = bindings;
  const statfs = readStruct(arena, offset, layouts.statfs);
  if (statfs.f_version !== c.STATFS_VERSION) {
    throw new Error(
      `statfs: version 0x${statfs.f_version.toString(16)} is not 0x${c.STATFS_VERSION.toString(16)}`,
    );
  }
  const id = new DataView(statfs.f_fsid.buffer, statfs.f_fsid.byteOffset);
  return {
    type: readText(statfs.f_fstypename),
    from: readText(statfs.f_mntfromname),
    on: readText(statfs.f_mntonname),
    id: [id.getInt32(0, true), id.getInt32(4, true)],
    flags: statfs.f_flags,
    blockSize: statfs.f_bsize,
    blocks: statfs.f_blocks,
    freeBlocks: statfs.f_bfree,
    files: statfs.f_files,
  };
}
