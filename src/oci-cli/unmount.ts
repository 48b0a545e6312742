import { isKernelError } from '../kernel/error.js';
import type { LocalKernel } from '../kernel/kernel.js';
import { unmount, unmountFlags } from '../kernel/linux/mount.js';
import { readMountTable } from '../kernel/linux/mountinfo.js';
import type { Journal } from '../runtime/journal.js';
import type { MountDetail } from './rootfs.js';

/**
 * Unmounts what the journal lists, the last first, and everything that was mounted below it since. A
 * mount that is busy is detached, so that the kernel ends it with its last user; `warn` is told.
 */
export async function unmountAll(
  kernel: LocalKernel,
  journal: Journal,
  warn: (message: string) => void,
): Promise<void> {
  const mounts = journal.entries().filter((entry) => entry.kind === 'mount');
  for (const entry of mounts.reverse()) {
    const { target } = entry.detail as MountDetail;
    await unmountTree(kernel, target, warn);
    journal.unmade(entry.seq);
  }
}

/** Unmounts whatever is mounted on the path and below it. */
export async function unmountTree(
  kernel: LocalKernel,
  target: string,
  warn: (message: string) => void,
): Promise<void> {
  for (;;) {
    try {
      await unmountSoon(kernel, target, unmountFlags.noFollow);
    } catch (error) {
      // EINVAL: not a mount point (any more); ENOENT: not even there.
      if (isKernelError(error, 'EINVAL', 'ENOENT')) return;
      if (!isKernelError(error, 'EBUSY')) throw error;
      await unmountBelow(kernel, target);
      await detach(kernel, target, warn);
    }
  }
}

/** Only a busy mount is worth a look at the mount table, whose length grows with the containers. */
async function unmountBelow(kernel: LocalKernel, target: string): Promise<void> {
  const below = readMountTable().filter(({ mountPoint }) => mountPoint.startsWith(`${target}/`));
  for (const { mountPoint } of below.reverse()) {
    await unmountSoon(kernel, mountPoint, unmountFlags.noFollow | unmountFlags.detach);
  }
}

async function detach(kernel: LocalKernel, target: string, warn: (message: string) => void): Promise<void> {
  try {
    await unmountSoon(kernel, target, unmountFlags.noFollow);
  } catch (error) {
    if (!isKernelError(error, 'EBUSY')) throw error;
    warn(`unmount ${target}: busy, detached`);
    await unmountSoon(kernel, target, unmountFlags.noFollow | unmountFlags.detach);
  }
}

/**
 * How many unmounts may be under way at once. Each holds one of the four threads of libuv's pool, and a file system whose
 * server does not answer holds it for good: the other threads stay for everything else.
 */
const lanes = 2;
let busy = 0;
const waiting: (() => void)[] = [];

async function unmountSoon(kernel: LocalKernel, target: string, flags: number): Promise<void> {
  if (busy < lanes) busy += 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    await unmount(kernel, target, flags);
  } finally {
    // A lane that is free goes to who waits the longest, without being free in between.
    const next = waiting.shift();
    if (next === undefined) busy -= 1;
    else next();
  }
}
