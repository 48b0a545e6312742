import { nullfsMount } from '../../kernel/freebsd/nullfs.js';
import type { FileStatus } from '../../kernel/freebsd/file-status.js';
import type { Mount } from '../../kernel/freebsd/mount.js';
import { reason, RuntimeError } from '../../runtime/error.js';
import type { MountPlan } from '../plan/mount.js';
import { belowOf, type HostFile } from './bare-path.js';

/** Where a mount is to be, as it was found. */
export interface MountPoint {
  /** On the host, without symbolic links. */
  readonly path: string;
  /** The same without nullfs mounts. */
  readonly bare: string;
  readonly status: FileStatus;
}

/**
 * What the kernel is asked to mount.
 *
 * @param source of a nullfs
 * @param ruleset for a devfs that names none of its own
 * @throws RuntimeError for what a kernel does not survive, or does not do
 */
export function mountWanted(
  plan: MountPlan,
  point: MountPoint,
  source: HostFile | undefined,
  ruleset: number | undefined,
): Mount {
  const at = { target: point.path, flags: plan.flags };
  switch (plan.type) {
    case 'nullfs':
      return nullfs(plan.flags, point, source);
    case 'tmpfs': {
      const { size, inodes, uid, gid, mode } = plan;
      const limits = { size, inodes, uid, gid, mode };
      const given = Object.entries(limits).filter(([, value]) => value !== undefined);
      return { type: plan.type, ...at, ...Object.fromEntries(given) };
    }
    case 'devfs': {
      const number = plan.ruleset ?? ruleset;
      // Without a ruleset it would show every device of the host.
      if (number === undefined) throw new RuntimeError('failed', `devfs on ${point.path}: no ruleset`);
      return { type: plan.type, ...at, ruleset: number };
    }
    case 'fdescfs':
      return { type: plan.type, ...at, linuxLinks: plan.linuxLinks };
    case 'zfs':
      return { type: plan.type, ...at, from: plan.dataset };
    default:
      return { type: plan.type, ...at };
  }
}

function nullfs(flags: MountPlan['flags'], point: MountPoint, source: HostFile | undefined): Mount {
  const what = `nullfs of ${source?.path ?? 'nothing'} on ${point.path}`;
  if (source === undefined) throw new RuntimeError('invalid', `${what}: no source`);
  // However many nullfs mounts lie between them: a cycle of any length brings the kernel down.
  if (belowOf(point.bare, source.bare) !== undefined) {
    throw new RuntimeError('invalid', `${what}: the mount point lies within the source`);
  }
  try {
    return nullfsMount(source, point, flags);
  } catch (error) {
    if (error instanceof RangeError) throw new RuntimeError('invalid', reason(error), { cause: error });
    throw error;
  }
}
