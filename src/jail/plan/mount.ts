import type { DevfsRule } from '../../kernel/freebsd/devfs-rules.js';
import type { MountFlags } from '../../kernel/freebsd/mount.js';

/** What holds for a mount of any type. */
interface Mounted {
  /**
   * Where, as the container sees it: absolute and in plain form (no "..", no trailing slash). Nothing is said about
   * symbolic links: it has to be resolved inside the root. "/" only for the root itself.
   */
  readonly destination: string;
  readonly flags: MountFlags;
}

/** A file or directory of the host that is shown in the container: nullfs(5). */
export interface NullfsPlan extends Mounted {
  readonly type: 'nullfs';
  /** On the host: absolute and in plain form, not yet resolved or looked at. */
  readonly source: string;
}

/** A file system in memory: tmpfs(5). What is left out is the kernel's choice. */
export interface TmpfsPlan extends Mounted {
  readonly type: 'tmpfs';
  /** bytes */
  readonly size?: number;
  readonly inodes?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** 12 bits */
  readonly mode?: number;
  /** Fill it with what the image has at its destination. */
  readonly copyUp: boolean;
}

/** Devices: devfs(5). */
export interface DevfsPlan extends Mounted {
  readonly type: 'devfs';
  /** A ruleset of the host's administrator to use in place of the usual set of devices. */
  readonly ruleset?: number;
}

/** The open files of a process: fdescfs(5). */
export interface FdescfsPlan extends Mounted {
  readonly type: 'fdescfs';
  /** Show symbolic links, as Linux programs expect. */
  readonly linuxLinks: boolean;
}

export interface ProcPlan extends Mounted {
  readonly type: 'procfs' | 'linprocfs' | 'linsysfs';
}

/** A dataset of a pool. */
export interface ZfsPlan extends Mounted {
  readonly type: 'zfs';
  /** as "pool/set" or "pool/set@snapshot" */
  readonly dataset: string;
}

/** A file system to mount for a container. A list of them is in the order of mounting. */
export type MountPlan = NullfsPlan | TmpfsPlan | DevfsPlan | FdescfsPlan | ProcPlan | ZfsPlan;

/**
 * A rule for a container's own devfs ruleset, to stand behind the rules of the usual set. Patterns are below /dev and
 * may match nothing. The directories that lead to a device have rules of their own, in front of it.
 */
export type DevicePlan = DevfsRule & { readonly pattern: string };
