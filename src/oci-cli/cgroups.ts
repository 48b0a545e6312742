import type { LocalKernel } from '../kernel/kernel.js';
import type { MountEntry } from '../kernel/linux/mountinfo.js';
import type { TypedBytes } from '../runtime/runtime.js';
import { CgroupGoneError } from './cgroup/gone.js';
import { createGracePeriods, type GracePeriods } from './cgroup/grace-period.js';
import { findCgroups, readHierarchies, type CgroupPaths } from './cgroup/locate.js';
import { createOomWatcher, type OomWatch, type OomWatcher } from './cgroup/oom-watch.js';
import { readPids } from './cgroup/pids.js';
import { readMetrics } from './cgroup/stats.js';

/** The cgroup of one container. */
export interface Cgroup {
  pids(): Promise<number[]>;
  metrics(): Promise<TypedBytes>;
  /** true if the kernel killed a process for memory since this was last told */
  killedForMemory(): boolean;
  onOutOfMemory(listener: () => void): void;
  /** Stops watching; before the cgroup is removed. */
  release(): void;
}

export interface Cgroups {
  /** The cgroup that a container's init process is in. */
  open(pid: number): Cgroup;
  readonly gracePeriods: GracePeriods;
  /** mounts of cgroup file systems */
  readonly hierarchies: readonly MountEntry[];
  close(): void;
}

/** @param report told of what goes wrong when no call is there to fail */
export function createCgroups(kernel: LocalKernel, report: (error: unknown) => void): Cgroups {
  // Once per daemon: hierarchies do not come and go.
  const hierarchies = readHierarchies();
  const watcher = createOomWatcher(kernel, report);
  const gracePeriods = createGracePeriods(hierarchies, report);
  return {
    open: (pid) => {
      try {
        return containerCgroup(findCgroups(pid, hierarchies), watcher);
      } catch (error) {
        if (error instanceof CgroupGoneError) return noCgroup(pid, error);
        throw error;
      }
    },
    gracePeriods,
    hierarchies,
    close: () => {
      watcher.close().catch(report);
      gracePeriods.close().catch(report);
    },
  };
}

/** For a container that has no cgroup of its own, or whose init has ended before it was looked at. */
function noCgroup(pid: number, why: CgroupGoneError): Cgroup {
  return {
    pids: () => Promise.resolve([pid]),
    metrics: () => Promise.reject(why),
    killedForMemory: () => false,
    onOutOfMemory: () => undefined,
    release: () => undefined,
  };
}

function containerCgroup(paths: CgroupPaths, watcher: OomWatcher): Cgroup {
  let watch: OomWatch | undefined;
  return {
    pids: () =>
      new Promise((resolve) => {
        resolve(readPids(paths));
      }),
    metrics: () => readMetrics(paths),
    killedForMemory: () => watch?.killed() ?? false,
    onOutOfMemory: (listener) => {
      try {
        watch = watcher.watch(paths, listener);
      } catch (error) {
        // Without a memory controller there is no limit that could kill.
        if (!(error instanceof CgroupGoneError)) throw error;
      }
    },
    release: () => {
      watch?.release();
    },
  };
}
