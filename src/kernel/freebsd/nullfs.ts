import { checkPlainPath } from './check.js';
import type { FileStatus } from './file-status.js';
import type { MountFlags } from './mount.js';

declare const checked: unique symbol;

/** A file or directory as it was found, for `nullfsMount`. */
export interface Found {
  /** Absolute and plain, without symbolic links: as realpath(3) gives it. */
  readonly path: string;
  readonly status: FileStatus;
}

/** A nullfs that a kernel survives. Only `nullfsMount` makes one. */
export interface NullfsMount {
  readonly type: 'nullfs';
  readonly [checked]: true;
  readonly source: Found;
  readonly target: string;
  readonly flags: MountFlags;
  /** Lets the file system below be unmounted by force. */
  readonly noCache: boolean;
}

const pathCapacity = 1024;

/**
 * A nullfs(5) that shows `source` at `target` as well. Refused is what has been seen to bring a kernel down: a source
 * that is its own mount point or lies above it, and a source that is neither directory nor file (a fifo panicked at
 * unmount). Both have to be looked at right before: their paths must not have symbolic links that others can change.
 *
 * @throws RangeError
 */
export function nullfsMount(
  source: Found,
  target: Found,
  { noCache = false, ...flags }: MountFlags & { readonly noCache?: boolean } = {},
): NullfsMount {
  checkPlainPath('nullfs source', source.path, pathCapacity);
  checkPlainPath('nullfs target', target.path, pathCapacity);
  const what = `nullfs of ${source.path} on ${target.path}`;
  if (source.status.kind !== 'directory' && source.status.kind !== 'file') {
    const advice = source.status.kind === 'socket' ? ': mount the directory that it is in' : '';
    throw new RangeError(`${what}: the source is a ${source.status.kind}${advice}`);
  }
  if (source.status.kind !== target.status.kind) {
    throw new RangeError(`${what}: a ${source.status.kind} on a ${target.status.kind}`);
  }
  if (source.status.device === target.status.device && source.status.inode === target.status.inode) {
    throw new RangeError(`${what}: the source is the mount point`);
  }
  if (`${target.path}/`.startsWith(source.path === '/' ? '/' : `${source.path}/`)) {
    throw new RangeError(`${what}: the mount point lies within the source`);
  }
  const mount = { type: 'nullfs', source, target: target.path, flags, noCache };
  return mount as NullfsMount;
}
