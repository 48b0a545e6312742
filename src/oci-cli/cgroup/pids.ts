import { readdirSync } from 'node:fs';
import { readPseudoFile } from './directory.js';
import { CgroupGoneError } from './gone.js';
import { lines } from './parse.js';
import type { CgroupPaths } from './locate.js';

/**
 * The pids, in the host's numbering and ascending, of all processes in a cgroup and the cgroups below it.
 *
 * @throws CgroupGoneError
 */
export function readPids(paths: CgroupPaths): number[] {
  const directory = processDirectory(paths);
  const pids = new Set<number>();
  if (!collect(directory, pids)) throw new CgroupGoneError(`cgroup ${directory} is gone`);
  return [...pids].sort((a, b) => a - b);
}

// In v1 any controller would do; these are those that OCI runtimes always use.
function processDirectory({ controllers, unified }: CgroupPaths): string {
  const order = ['pids', 'devices', 'freezer', 'memory', ...controllers.keys()];
  const directory = order.map((name) => controllers.get(name)).find((path) => path !== undefined) ?? unified;
  if (directory === undefined) throw new Error('paths of no cgroup');
  return directory;
}

/** False if the directory is gone. */
function collect(directory: string, pids: Set<number>): boolean {
  let entries;
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  for (const line of lines(readPseudoFile(`${directory}/cgroup.procs`) ?? '')) {
    const pid = Number(line);
    // 0 stands for a process that this pid namespace does not show.
    if (pid !== 0) pids.add(pid);
  }
  for (const entry of entries) if (entry.isDirectory()) collect(`${directory}/${entry.name}`, pids);
  return true;
}
