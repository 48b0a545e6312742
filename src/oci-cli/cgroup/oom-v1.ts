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
  const value = Buffer.alloc(8);
  try {
    register(directory, counter);
    watcher.add(counter, epollEvents.readable, () => {
      // It stays readable until it is read.
      readSync(counter, value);
      callback();
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
