import { readFileSync } from 'node:fs';

/** True when this host mounts cgroup version 1 controllers and version 2 side by side (cgroups(7)). */
export function hybridCgroups(mountInfo = readFileSync('/proc/self/mountinfo', 'utf8')): boolean {
  const types = new Set(mountInfo.split('\n').map((line) => / - (\S+) /.exec(line)?.[1]));
  return types.has('cgroup') && types.has('cgroup2');
}
