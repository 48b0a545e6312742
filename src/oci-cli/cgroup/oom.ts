import { cgroupDirectory } from './directory.js';
import type { CgroupPaths } from './locate.js';

/**
 * How many processes of a cgroup the kernel has killed because of a memory limit; undefined if the cgroup is gone or has
 * no memory controller. In version 2 the cgroups below count as well.
 */
export function readOomKills({ controllers, unified }: CgroupPaths): number | undefined {
  const memory = controllers.get('memory');
  const path = memory ?? unified;
  if (path === undefined) return undefined;
  const table = cgroupDirectory(path).table(memory === undefined ? 'memory.events' : 'memory.oom_control');
  return table.has('oom_kill') ? Number(table.get('oom_kill')) : undefined;
}
