import { isKernelError } from '../error.js';
import type { HostCalls } from '../host.js';
import { closeOnExec, hungUp, lock, makePipe, setStatusFlags, statusFlags } from './descriptor.js';
import { runNow, type LocalFreeBSD } from './run.js';

/** The host's calls on FreeBSD. */
export function freebsdCalls(system: LocalFreeBSD): HostCalls {
  return {
    pathMax: 1024,
    createPipe: () => runNow(system, (b) => makePipe(b)),
    makeBlocking: (fd) => {
      const { O_NONBLOCK } = system.bindings.constants;
      const flags = runNow(system, (b) => statusFlags(b, fd));
      if ((flags & O_NONBLOCK) !== 0) runNow(system, (b) => setStatusFlags(b, fd, flags & ~O_NONBLOCK));
    },
    hasHungUp: (fd) => {
      for (;;) {
        const answer = runNow(system, (b) => b.attempt(() => hungUp(b, fd)));
        if (!isKernelError(answer)) return answer;
        // The end of a child interrupts even a poll(2) that does not wait.
        if (answer.code !== 'EINTR') throw answer;
      }
    },
    closeOnExec: (fd) => {
      runNow(system, (b) => closeOnExec(b, fd));
    },
    tryLock: (fd) => {
      const failed = runNow(system, (b) => b.attempt(() => lock(b, fd)));
      if (isKernelError(failed, 'EAGAIN')) return false;
      if (isKernelError(failed)) throw failed;
      return true;
    },
    // Pages that nobody uses become inactive by themselves, and are taken when others need them.
    giveBackMemory: () => undefined,
  };
}
