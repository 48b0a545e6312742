import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readMountTable, type MountEntry } from '../../kernel/linux/mountinfo.js';
/** Where the hierarchies of this host are mounted. */
export interface Hierarchies {
  /** by version 1 controller: mount point */
  readonly controllers: ReadonlyMap<string, string>;
  /** mount point of version 2 */
  readonly unified: string | undefined;
}

/** The folders of one cgroup. */
export type CgroupPaths =
  | { readonly version: 1; readonly controllers: ReadonlyMap<string, string> }
  | { readonly version: 2; readonly folder: string };

/** Reads the mount table once per daemon: hierarchies do not come and go. */
export function findHierarchies(mounts: readonly MountEntry[] = readMountTable()): Hierarchies {
  const controllers = new Map<string, string>();
  let unified: string | undefined;
  for (const { type, root, mountPoint, superOptions } of mounts) {
    if (root !== '/') continue;
    if (type === 'cgroup2') unified ??= mountPoint;
    if (type !== 'cgroup') continue;
    for (const option of superOptions) if (option !== 'rw') controllers.set(option, mountPoint);
  }
  return { controllers, unified };
}
/** The cgroup that a process is in, by its /proc/PID/cgroup. A host with any version 1 memory controller counts as version 1. */
export function pathsOf(pid: number, hierarchies: Hierarchies): CgroupPaths {
  return parsePaths(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), hierarchies);
}
export function parsePaths(text: string, { controllers, unified }: Hierarchies): CgroupPaths {
  const folders = new Map<string, string>();
  let folder: string | undefined;
  for (const line of text.split('\n')) {
    const [id, names, ...rest] = line.split(':');
    const path = rest.join(':');
    if (id === undefined || names === undefined || !path.startsWith('/')) continue;
    if (id === '0' && unified !== undefined) folder = join(unified, path);
    for (const name of names.split(',')) {
      const mountPoint = controllers.get(name);
      if (mountPoint !== undefined) folders.set(name, join(mountPoint, path));
    }
  }
  if (folders.has('memory') || folders.has('pids') || folder === undefined) {
    return { version: 1, controllers: folders };
  }
  return { version: 2, folder };
}
