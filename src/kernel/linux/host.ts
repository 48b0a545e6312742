import type { HostCalls } from '../host.js';
import type { LocalKernel } from '../kernel.js';
import { closeOnExec, setNonBlocking, tryLock } from './descriptor.js';
import { createPipe } from './pipe.js';
import { hasHungUp } from './poll.js';
import { giveBackUnusedPages } from './unused-pages.js';

/** The host's calls on Linux. */
export function linuxCalls(kernel: LocalKernel): HostCalls {
  return {
    pathMax: 4096,
    createPipe: () => createPipe(kernel),
    makeBlocking: (fd) => {
      setNonBlocking(kernel, fd, false);
    },
    hasHungUp: (fd) => hasHungUp(kernel, fd),
    closeOnExec: (fd) => {
      closeOnExec(kernel, fd);
    },
    tryLock: (fd) => tryLock(kernel, fd),
    giveBackMemory: () => {
      giveBackUnusedPages(kernel);
    },
  };
}
