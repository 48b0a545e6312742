import type { MountEntry } from '../../kernel/linux/mountinfo.js';
import { directoryOf, parseMembership } from './locate.js';

/**
 * A directory of the cgroup that a process is in: in the v2 hierarchy if there is one, else in any of version 1.
 *
 * @param membership text of /proc/PID/cgroup
 * @returns undefined if none of its cgroups can be seen in the mounts
 */
export function ownDirectory(membership: string, hierarchies: readonly MountEntry[]): string | undefined {
  const cgroups = parseMembership(membership);
  for (const controller of ['', ...cgroups.keys()]) {
    const path = cgroups.get(controller);
    const directory = path === undefined ? undefined : directoryOf(controller, path, hierarchies);
    if (directory !== undefined) return directory;
  }
  return undefined;
}
