import { Arena } from '../arena.js';
import type { LocalKernel } from '../kernel.js';
import { callOnce, callOnceBlocking, single } from './call.js';

/** Flags of mount(2), from sys/mount.h. */
export const mountFlags = {
  readOnly: 0x1,
  noSuid: 0x2,
  noDev: 0x4,
  noExec: 0x8,
  synchronous: 0x10,
  remount: 0x20,
  mandatoryLocks: 0x40,
  dirSync: 0x80,
  noSymlinkFollow: 0x100,
  noAtime: 0x400,
  noDirAtime: 0x800,
  bind: 0x1000,
  recursive: 0x4000,
  silent: 0x8000,
  unbindable: 0x20000,
  private: 0x40000,
  slave: 0x80000,
  shared: 0x100000,
  relAtime: 0x200000,
  iVersion: 0x800000,
  strictAtime: 0x1000000,
  lazyTime: 0x2000000,
} as const;

/** Flags of umount2(2), from sys/mount.h. */
export const unmountFlags = { force: 0x1, detach: 0x2, noFollow: 0x8 } as const;

// The kernel takes one page of options and cuts the rest off without a word, see mount(2); PATH_MAX counts the NUL.
const pageSize = 4096;
const pathMax = 4096;

export interface Mount {
  /** A device, a directory for bind mounts, or any name where the type has no source. */
  readonly source: string;
  readonly target: string;
  /** What errors call the target; absent: `target`. */
  readonly shown?: string;
  /** Such as 'overlay'; '' for bind mounts and changes of an existing mount. */
  readonly type: string;
  /** A sum of `mountFlags`. */
  readonly flags: number;
  /** Options of the file system, joined with commas. */
  readonly data: string;
}

/**
 * Mounts a file system: mount(2).
 *
 * @throws RangeError if a string has a NUL inside or is longer than the kernel reads.
 * @throws KernelError
 */
export function mount(
  kernel: LocalKernel,
  { source, target, type, flags, data, shown = target }: Mount,
): void {
  const arena = new Arena(1024);
  const args = [
    { arena: arena.text(source, 'mount source', pathMax) },
    { arena: arena.text(target, 'mount target', pathMax) },
    { arena: arena.text(type, 'mount type', pageSize) },
    flags,
    data === '' ? 0 : { arena: arena.text(data, `options of mount ${shown}`, pageSize) },
  ];
  callOnce(kernel, single('mount', args, arena), shown);
}

/**
 * Unmounts what is mounted last on `target`: umount2(2) with a sum of `unmountFlags`. On another thread, for it lasts as
 * long as the file system takes to write what it holds, and the server of a remote one may never answer. Throws
 * KernelError.
 */
export async function unmount(kernel: LocalKernel, target: string, flags: number): Promise<void> {
  const arena = new Arena();
  const path = arena.text(target, 'mount target', pathMax);
  await callOnceBlocking(kernel, single('umount2', [{ arena: path }, flags], arena), target);
}
