import { isKernelError } from '../../kernel/error.js';
import { unmount, type FileSystemId } from '../../kernel/freebsd/mount.js';
import { listMounts, type MountedFileSystem } from '../../kernel/freebsd/mounts.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { belowOf } from './bare-path.js';
import { describeMount, type MountDetail, type MountedDetail } from './detail.js';

/** Is told what was done that is not usual. */
export type Warn = (message: string) => void;

/**
 * Unmounts what was mounted, with all that others have mounted in it since: plainly, and by force if it is busy, which is
 * worth a warning. That it is gone is no error.
 *
 * @throws KernelError
 */
export async function unmountMounted(system: FreeBSD, mounted: MountedDetail, warn: Warn): Promise<void> {
  if (await unmountPlainly(system, mounted.id)) return;
  // Only a mount that is busy is worth a look at all mounts, of which there are some for each container.
  const all = await listMounts(system);
  const own = all.findIndex(({ id }) => sameId(id, mounted.id));
  if (own < 0) return;
  const within = all.filter(({ on }, index) => index > own && belowOf(on, mounted.on) !== undefined);
  for (const one of within.reverse()) await unmountAnyway(system, one, warn);
  if (!(await unmountPlainly(system, mounted.id))) await unmountByForce(system, mounted, warn);
}

/** Unmounts a mount of which only is known that it was about to be made. */
export async function unmountUnsure(
  system: FreeBSD,
  { type, on, below }: MountDetail,
  warn: Warn,
): Promise<void> {
  const all = await listMounts(system);
  const made = all.findLast((one) => one.on === on && one.type === type && !sameId(one.id, below));
  if (made !== undefined) await unmountMounted(system, { type, on, id: made.id }, warn);
}

async function unmountAnyway(system: FreeBSD, mount: MountedFileSystem, warn: Warn): Promise<void> {
  if (!(await unmountPlainly(system, mount.id))) await unmountByForce(system, mount, warn);
}

/** @returns false if it is busy */
async function unmountPlainly(system: FreeBSD, id: FileSystemId): Promise<boolean> {
  const result = await run(system, (b) => b.attempt(() => unmount(b, { id })));
  if (isKernelError(result, 'EBUSY')) return false;
  if (isKernelError(result) && result.code !== 'ENOENT') throw result;
  return true;
}

async function unmountByForce(
  system: FreeBSD,
  mount: { readonly type: string; readonly on: string; readonly id: FileSystemId },
  warn: Warn,
): Promise<void> {
  warn(`unmount ${describeMount(mount)}: busy, unmounted by force`);
  const result = await run(system, (b) => b.attempt(() => unmount(b, { id: mount.id }, { force: true })));
  if (isKernelError(result) && result.code !== 'ENOENT') throw result;
}

export function sameId(one: FileSystemId, other: FileSystemId): boolean {
  return one[0] === other[0] && one[1] === other[1];
}
