import type { FileSystemId } from '../../kernel/freebsd/mount.js';

/** What the journal says of a mount that is about to be made. */
export interface MountDetail {
  readonly type: string;
  /** Where it is to be on the host, without symbolic links. */
  readonly on: string;
  /** The file system that it is to cover a directory of. */
  readonly below: FileSystemId;
}

/** What it says once it is there. */
export interface MountedDetail {
  readonly type: string;
  readonly on: string;
  readonly id: FileSystemId;
}

export const mountKind = 'mount';
export const mountedKind = 'mounted';

/** How a mount is called in messages. */
export function describeMount({ type, on }: { readonly type: string; readonly on: string }): string {
  return `${type} on ${on}`;
}
