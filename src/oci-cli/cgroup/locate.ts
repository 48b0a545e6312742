import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { readMountTable, type MountEntry } from '../../kernel/linux/mountinfo.js';
import { CgroupGoneError } from './gone.js';

/** Where the files of one container's cgroup lie; stays as it is when the cgroup is gone. */
export interface CgroupPaths {
  /** v1 on hosts that mount any controller by itself, also beside a v2 hierarchy (hybrid hosts) */
  readonly mode: 'v1' | 'v2';
  /** by v1 controller, such as memory: directory */
  readonly controllers: ReadonlyMap<string, string>;
  /** directory in the v2 hierarchy */
  readonly unified: string | undefined;
}

/** A process's cgroup in each hierarchy: by v1 controller, or by '' in the v2 hierarchy. */
export type Membership = ReadonlyMap<string, string>;

/** The mounts of cgroup file systems. They do not change while a daemon runs: read once. */
export function readHierarchies(): MountEntry[] {
  return readMountTable().filter(({ type }) => type === 'cgroup' || type === 'cgroup2');
}

/** Takes apart /proc/PID/cgroup: lines of hierarchy:controllers:path (cgroups(7)). Named hierarchies are left out. */
export function parseMembership(text: string): Membership {
  const membership = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(\d+):([^:]*):(.+)$/.exec(line);
    if (match === null) continue;
    const [, hierarchy, controllers = '', path = ''] = match;
    if (hierarchy === '0') membership.set('', path);
    else for (const name of controllers.split(',')) if (isController(name)) membership.set(name, path);
  }
  return membership;
}

/**
 * Finds the cgroup that a container's process was put into.
 *
 * @throws CgroupGoneError if the process is gone, or in no cgroup of its own
 */
export function findCgroups(pid: number, hierarchies: readonly MountEntry[]): CgroupPaths {
  return locate(readMembership(pid), readMembership(process.pid), hierarchies, `process ${pid}`);
}

function readMembership(pid: number): Membership {
  try {
    return parseMembership(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ESRCH: it ended between open and read.
    if (code === 'ENOENT' || code === 'ESRCH') throw new CgroupGoneError(`no process ${pid}`);
    throw error;
  }
}

/**
 * Turns a membership into directories. Left out are the root, where the kernel says that exiting processes are, and
 * the cgroup of this daemon: figures of neither are a container's.
 *
 * @param whose for the error
 */
export function locate(
  membership: Membership,
  own: Membership,
  hierarchies: readonly MountEntry[],
  whose: string,
): CgroupPaths {
  const controllers = new Map<string, string>();
  let unified: string | undefined;
  for (const [controller, path] of membership) {
    if (path === '/' || path === own.get(controller)) continue;
    const directory = directoryOf(controller, path, hierarchies);
    if (controller === '') unified = directory;
    else if (directory !== undefined) controllers.set(controller, directory);
  }
  if (controllers.size === 0 && unified === undefined) {
    throw new CgroupGoneError(`${whose} has no cgroup of its own`);
  }
  return { mode: controllers.size > 0 ? 'v1' : 'v2', controllers, unified };
}

/** Where a cgroup lies, by its v1 controller or '' for v2; undefined if no mount shows it. */
export function directoryOf(
  controller: string,
  path: string,
  hierarchies: readonly MountEntry[],
): string | undefined {
  for (const { type, root, mountPoint, superOptions } of hierarchies) {
    const isIt =
      controller === '' ? type === 'cgroup2' : type === 'cgroup' && superOptions.includes(controller);
    if (!isIt) continue;
    if (climbs(root) || climbs(path)) continue;
    // A mount may show a part of the hierarchy only.
    const below = posix.relative(root, path);
    if (!climbs(below)) return posix.join(mountPoint, below);
  }
  return undefined;
}

// Paths lead up with /.. to what lies outside of the cgroup namespace: cgroup_namespaces(7).
function climbs(path: string): boolean {
  return path.split('/').includes('..');
}

function isController(name: string): boolean {
  return name !== '' && !name.startsWith('name=');
}
