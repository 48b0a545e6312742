import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalKernel } from '../kernel/kernel.js';
import { closeDescriptor } from '../kernel/linux/descriptor.js';
import { createEventCounter, epollEvents } from '../kernel/linux/epoll.js';
import { Watcher } from '../kernel/linux/watcher.js';
import { RuntimeError } from '../runtime/error.js';
import type { TypedBytes } from '../runtime/runtime.js';
import { parseTable, readCgroupFile, readProcesses } from './cgroup/files.js';
import { metricsV1 } from './cgroup/metrics-v1.js';
import { metricsV2 } from './cgroup/metrics-v2.js';
import { findHierarchies, pathsOf, type CgroupPaths } from './cgroup/paths.js';

/** The cgroup of one container. */
export interface Cgroup {
  pids(): Promise<number[]>;
  metrics(): Promise<TypedBytes>;
  /** true if the kernel killed a process for memory since this was last asked */
  killedForMemory(): boolean;
  onOutOfMemory(listener: () => void): void;
  /** Stops watching; before the cgroup is removed. */
  release(): void;
}

export interface Cgroups {
  /** The cgroup that a container's init process is in. */
  open(pid: number): Cgroup;
  close(): void;
}

/** @param report told of what goes wrong when no call is there to fail */
export function createCgroups(kernel: LocalKernel, report: (error: unknown) => void): Cgroups {
  const hierarchies = findHierarchies();
  let watcher: Watcher | undefined;
  return {
    open: (pid) => {
      const paths = pathsOf(pid, hierarchies);
      return containerCgroup(paths, (folder, changed) => {
        watcher ??= new Watcher(kernel, report);
        return watchMemory(kernel, watcher, paths, folder, changed);
      });
    },
    close: () => {
      void watcher?.close();
    },
  };
}

type Watch = (folder: string, changed: () => void) => () => void;

function containerCgroup(paths: CgroupPaths, watch: Watch): Cgroup {
  const memory = paths.version === 1 ? paths.controllers.get('memory') : paths.folder;
  const processes =
    paths.version === 1
      ? (paths.controllers.get('pids') ?? paths.controllers.get('freezer') ?? memory)
      : paths.folder;
  let seen = killCount(paths);
  let stop: (() => void) | undefined;

  const killedForMemory = (): boolean => {
    const now = killCount(paths);
    const grew = now > seen;
    seen = Math.max(seen, now);
    return grew;
  };
  return {
    pids: () => Promise.resolve(processes === undefined ? [] : readProcesses(processes)),
    metrics: () => {
      if (memory === undefined || readCgroupFile(memory, 'cgroup.procs') === undefined) {
        return Promise.reject(new RuntimeError('not-found', 'the container has no cgroup (any more)'));
      }
      return Promise.resolve(paths.version === 1 ? metricsV1(paths.controllers) : metricsV2(paths.folder));
    },
    killedForMemory,
    onOutOfMemory: (listener) => {
      if (memory === undefined) return;
      stop = watch(memory, () => {
        if (killedForMemory()) listener();
      });
    },
    release: () => {
      stop?.();
      stop = undefined;
    },
  };
}

/** How many processes the kernel has killed for memory; a cgroup that is gone counts as none. */
function killCount(paths: CgroupPaths): number {
  const [folder, file] =
    paths.version === 1
      ? [paths.controllers.get('memory'), 'memory.oom_control']
      : [paths.folder, 'memory.events'];
  return Number(parseTable(readCgroupFile(folder, file))('oom_kill'));
}

/**
 * Calls back when the memory events of a cgroup change. Version 1 tells an event counter, which also
 * fires when the cgroup is removed; version 2 makes memory.events readable with priority (poll(2)).
 */
function watchMemory(
  kernel: LocalKernel,
  watcher: Watcher,
  paths: CgroupPaths,
  folder: string,
  changed: () => void,
): () => void {
  if (paths.version === 2) {
    const file = openSync(join(folder, 'memory.events'), 'r');
    watcher.add(file, epollEvents.priority, () => {
      changed();
    });
    return () => {
      watcher.remove(file);
      closeSync(file);
    };
  }
  const counter = createEventCounter(kernel);
  const file = openSync(join(folder, 'memory.oom_control'), 'r');
  try {
    writeFileSync(join(folder, 'cgroup.event_control'), `${counter} ${file}`);
  } catch (error) {
    closeDescriptor(kernel, counter);
    throw error;
  } finally {
    closeSync(file);
  }
  watcher.add(counter, epollEvents.readable, () => {
    readSync(counter, new Uint8Array(8));
    changed();
  });
  return () => {
    watcher.remove(counter);
    closeDescriptor(kernel, counter);
  };
}
