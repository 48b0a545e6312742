/** What a name in a tree is. */
export type EntryType = 'file' | 'directory' | 'symlink' | 'other';

/** One name of a tree. */
export interface Entry {
  readonly type: EntryType;
  /** where it lies on this host: for opening it, and for nothing else */
  readonly hostPath: string;
  /** permission bits, with setuid, setgid and sticky */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** bytes, of a file */
  readonly size: number;
  /** seconds since 1970, with a fraction */
  readonly modified: number;
}

/**
 * Files that are looked at and never changed: a build's context, or the root file system of an image. Paths are
 * relative, without `.`, `..` and empty parts; `''` is the root. A symlink in the middle of a path is not followed: the
 * path does not exist then (`resolve` follows them, within the tree).
 */
export interface Tree {
  lookup(path: string): Entry | undefined;
  /** names in a directory, sorted by their bytes */
  list(path: string): readonly string[];
  /** what a symlink holds */
  link(path: string): string;
}

/** Sorts names by their bytes, as every program does that is to give the same result everywhere. */
export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export const joinPath = (directory: string, name: string): string =>
  directory === '' ? name : `${directory}/${name}`;

export const parentOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 0));
