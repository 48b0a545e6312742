import type { Extent } from './sparse.js';

/** What an entry of a layer makes. `link` is one more name of a file that is there already. */
export type EntryType = 'file' | 'directory' | 'symlink' | 'link' | 'character' | 'block' | 'fifo';

/** A time since 1970; nanoseconds are 0..999999999 also before it. */
export interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/**
 * One entry of a tar, with all that extended headers said of it applied (POSIX.1-2024 pax, GNU tar's manual, libarchive's tar(5)).
 * Names are bytes, one character each (latin1): tars do not say how names are encoded, and file systems do not care.
 */
export interface Entry {
  readonly type: EntryType;
  readonly name: string;
  /** what a symbolic link says, or the name that a link is another of; else empty */
  readonly target: string;
  /** permissions with set-id and sticky bits */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** bytes that a program reads from the file, holes included */
  readonly size: number;
  readonly mtime: Time;
  /** of devices */
  readonly major: number;
  readonly minor: number;
  /** extended attributes, by names as Linux has them (`user.x`) */
  readonly attributes: ReadonlyMap<string, Buffer>;
  /** file flags of FreeBSD, as chflags(1) names them, joined with commas; empty for none */
  readonly flags: string;
  /** where a sparse file has bytes; absent: everywhere */
  readonly extents?: readonly Extent[];
}
