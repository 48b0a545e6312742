/** A time since 1970; nanoseconds are 0..999999999 also before it. */
export interface FileTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/**
 * What is done to files that Node has no function for, or none that is exact. Each answers at once, and throws KernelError. Paths
 * are absolute, and bytes: names of files need not be UTF-8. A symbolic link at the end of a path is never followed.
 *
 * linux/files.ts and freebsd/files.ts know the numbers.
 */
export interface FileCalls {
  /** Makes a device without permissions. */
  makeDevice(path: Buffer, type: 'character' | 'block', major: number, minor: number): void;
  /** What the device number of a device (st_rdev) means. */
  deviceOf(number: bigint): { readonly major: number; readonly minor: number };
  /** Makes a fifo without permissions. */
  makeFifo(path: Buffer): void;
  /** Gives a file one more name. */
  link(from: Buffer, to: Buffer): void;
  /** Sets the times of last access and last modification to the same. */
  setTime(path: Buffer, time: FileTime): void;
  /** Extended attributes by their names on Linux, those that this host has a place for. */
  attributes(path: Buffer): Map<string, Buffer>;
  /** False when this host or this file system has no place for an attribute of this name. */
  setAttribute(path: Buffer, name: string, value: Buffer): boolean;
  removeAttribute(path: Buffer, name: string): void;
  /** File flags as chflags(1) names them, joined with commas; empty on a host without them. */
  flags(path: Buffer): string;
  /** Sets them; names that this host does not know are left out, as all are on Linux. */
  setFlags(path: Buffer, flags: string): void;
}
