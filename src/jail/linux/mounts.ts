import type { DevicePlan, MountPlan } from '../plan/mount.js';

/** The size that clients on Linux give to /dev/shm. */
const sharedMemory = 64 * 1024 * 1024;

const plain = { flags: {} };
const quiet = { flags: { noSetId: true, noExec: true } };

/** What Linux programs rely upon, in the order of mounting. */
const needed: readonly MountPlan[] = [
  { type: 'linprocfs', destination: '/proc', ...quiet },
  { type: 'linsysfs', destination: '/sys', ...quiet },
  { type: 'devfs', destination: '/dev', ...plain },
  { type: 'fdescfs', destination: '/dev/fd', linuxLinks: true, ...plain },
  { type: 'tmpfs', destination: '/dev/shm', mode: 0o1777, size: sharedMemory, copyUp: false, ...quiet },
];

/** The mounts of a spec and, behind each, those that Linux programs need where the spec has nothing. */
export function completeLinuxMounts(mounts: readonly MountPlan[]): MountPlan[] {
  const there = new Set(mounts.map(({ destination }) => destination));
  const missing = needed.filter(({ destination }) => !there.has(destination));
  // A mount comes behind the one that it lies in, and before what the spec has below it.
  const complete = [...mounts];
  for (const mount of missing) {
    const parent = complete.findLastIndex(({ destination }) =>
      mount.destination.startsWith(`${destination}/`),
    );
    const child = complete.findIndex(({ destination }) => destination.startsWith(`${mount.destination}/`));
    complete.splice(child < 0 ? complete.length : Math.max(child, parent + 1), 0, mount);
  }
  return complete;
}

/** linux.ko makes /dev/shm for the tmpfs to be mounted on; directories cannot be made in a devfs. */
export const linuxDevices: readonly DevicePlan[] = [{ pattern: 'shm', unhide: true }];
