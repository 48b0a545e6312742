import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import type { LocalKernel } from '../../kernel/kernel.js';
import { createEventCounter, epollEvents } from '../../kernel/linux/epoll.js';
import type { Watcher } from '../../kernel/linux/watcher.js';
import { CgroupGoneError } from './gone.js';

/**
 * Calls back when a cgroup of version 1 comes to its memory limit, and when it is removed: an event counter is
 * registered for memory.oom_control, as the kernel's cgroup-v1/memory.rst says in section 9.
 *
 * @returns a function that ends it; to be called once
 * @throws CgroupGoneError
 */
export function notifyOomV1(
  kernel: LocalKernel,
  watcher: Watcher,
  directory: string,
  callback: () => void,
): () => void {
  const counter = createEventCounter(kernel);
  try {
    register(directory, counter);
    watcher.add(counter, epollEvents.readable, () => {
      if (reset(counter)) callback();
    });
  } catch (error) {
    closeSync(counter);
    throw error;
  }
  return () => {
    try {
      watcher.remove(counter);
    } finally {
      // With its last descriptor the kernel forgets the registration.
      closeSync(counter);
    }
  };
}

const value = Buffer.alloc(8);

/** Reads a counter, which stays readable until then; false if there was nothing to read (eventfd(2)). */
function reset(counter: number): boolean {
  try {
    return readSync(counter, value) === value.length;
  } catch (error) {
    // A round of the watcher can bring what was meant for a descriptor that had this number before.
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
    throw error;
  }
}

function register(directory: string, counter: number): void {
  try {
    const control = openSync(`${directory}/memory.oom_control`, 'r');
    try {
      writeFileSync(`${directory}/cgroup.event_control`, `${counter} ${control}`, { flag: 'r+' });
    } finally {
      closeSync(control);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV') throw new CgroupGoneError(`cgroup ${directory} is gone`);
    throw error;
  }
}
