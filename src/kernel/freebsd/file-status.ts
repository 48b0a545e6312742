import { readStruct } from '../layout.js';
import type { Bindings } from '../bindings/types.js';

export type FileKind =
  'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'character device' | 'block device';

/** What stat(2) says of a file. */
export interface FileStatus {
  readonly kind: FileKind;
  /** Permission, set-id and sticky bits: 12 bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: bigint;
  readonly links: bigint;
  readonly device: bigint;
  readonly inode: bigint;
  readonly deviceNumber: bigint;
  /** chflags(2) */
  readonly flags: number;
  /** Nanoseconds since 1970. */
  readonly modified: bigint;
}

/** Decodes a struct stat. */
export function readFileStatus(bindings: Bindings, arena: Uint8Array, offset: number): FileStatus {
  const { constants: c, layouts } = bindings;
  const stat = readStruct(arena, offset, layouts.stat);
  const kinds = new Map<number, FileKind>([
    [c.S_IFREG, 'file'],
    [c.S_IFDIR, 'directory'],
    [c.S_IFLNK, 'symlink'],
    [c.S_IFIFO, 'fifo'],
    [c.S_IFSOCK, 'socket'],
    [c.S_IFCHR, 'character device'],
    [c.S_IFBLK, 'block device'],
  ]);
  const kind = kinds.get(stat.st_mode & c.S_IFMT);
  if (kind === undefined) throw new Error(`stat: mode 0${stat.st_mode.toString(8)} is of no kind of file`);
  return {
    kind,
    mode: stat.st_mode & 0o7777,
    uid: stat.st_uid,
    gid: stat.st_gid,
    size: stat.st_size,
    links: stat.st_nlink,
    device: stat.st_dev,
    inode: stat.st_ino,
    deviceNumber: stat.st_rdev,
    flags: stat.st_flags,
    modified: stat.st_mtime_sec * 1_000_000_000n + stat.st_mtime_nsec,
  };
}
