import { posix } from 'node:path';
import type { MountEntry } from '../../kernel/linux/mountinfo.js';

/** What is read of the file `state.json` that runc keeps of a container. */
export interface RuncState {
  /** directories of its cgroup, one in each hierarchy */
  readonly cgroups: readonly string[];
}

/**
 * Takes apart `state.json` as runc 1.0 to 1.4 write it (libcontainer's State).
 *
 * @param hierarchies mounts of cgroup file systems, in which all cgroups must lie
 * @returns undefined unless all of it is understood, and the state of this very container: then only runc itself knows
 *   what to make of it
 */
export function parseState(
  text: string,
  id: string,
  pid: number,
  hierarchies: readonly MountEntry[],
): RuncState | undefined {
  const state = object(parse(text));
  const cgroups = object(state?.['cgroup_paths']);
  if (state?.['id'] !== id || state['init_process_pid'] !== pid) return undefined;
  if (object(state['config']) === undefined || object(state['namespace_paths']) === undefined)
    return undefined;
  if (cgroups === undefined || state['rootless'] === true) return undefined;
  // Groups of Intel's resource director are directories of their own.
  if (![state['intel_rdt_path'], state['intel_rdt_mon_path']].every((path) => (path ?? '') === '')) {
    return undefined;
  }
  const paths = Object.values(cgroups);
  return paths.every((path) => liesIn(path, hierarchies)) ? { cgroups: paths as string[] } : undefined;
}

function liesIn(path: unknown, hierarchies: readonly MountEntry[]): boolean {
  if (typeof path !== 'string' || path.includes('\0') || path !== posix.normalize(path)) return false;
  return hierarchies.some(({ mountPoint }) => path.startsWith(`${mountPoint}/`));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // cut off, or none of runc's
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Readonly<Record<string, unknown>>;
}
