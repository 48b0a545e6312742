import { existsSync, readFileSync } from 'node:fs';
import { cannotRun } from './fixture.js';
import type { Spec } from './spec.js';

const v1 = '/sys/fs/cgroup/memory';
const v2 = '/sys/fs/cgroup/cgroup.controllers';

/** Why no container can be given less memory than the host has; undefined if it can. */
export function cannotLimitMemory(): string | undefined {
  const reason = cannotRun();
  if (reason !== undefined) return reason;
  if (existsSync(`${v1}/memory.limit_in_bytes`)) return undefined;
  if (existsSync(v2) && readFileSync(v2, 'utf8').split(/\s/).includes('memory')) return undefined;
  return 'this host has no memory controller for cgroups';
}

/** Gives a container so many bytes, and no swap beside them where the host counts it: it would only take longer. */
export function limitMemory(spec: Spec, limit: number): void {
  const countsSwap = existsSync(v2)
    ? readFileSync('/proc/swaps', 'utf8').trim().split('\n').length > 1
    : existsSync(`${v1}/memory.memsw.limit_in_bytes`);
  spec.linux.resources = {
    ...spec.linux.resources,
    memory: { limit, ...(countsSwap ? { swap: limit } : {}) },
  };
}
