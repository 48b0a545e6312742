import { isKernelError } from '../error.js';
import { close } from './file.js';
import { openEventQueue, takeExits, watchExit } from './kqueue.js';
import { run, type FreeBSD } from './run.js';
import { exitStatusOf } from './wait-status.js';

// So many ends are taken at once; there are seldom more than one.
const capacity = 16;

/**
 * Tells how processes ended, whoever waits for them. Node waits for those that it spawns, and knows the names of
 * signals up to SIGUSR2 only: what a real-time signal has killed, it says, has exited with 0.
 */
export interface ExitWatch {
  /** Notes a process that is there, a zombie at the least. Does nothing if it has been waited for. */
  watch(pid: number): Promise<void>;
  /** How a noted process ended: its code, or 128 plus the signal. Undefined if that was not seen. To be asked once. */
  statusOf(pid: number): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Throws KernelError if there can be no queue of events. */
export async function openExitWatch(system: FreeBSD): Promise<ExitWatch> {
  const queue = await run(system, (b) => openEventQueue(b));
  const seen = new Map<number, number>();
  const watched = new Set<number>();

  const takeAll = async (): Promise<void> => {
    for (;;) {
      const exits = await run(system, (b) => takeExits(b, queue, capacity));
      for (const { pid, event } of exits) {
        if (event.kind === 'exited' || event.kind === 'killed') seen.set(pid, exitStatusOf(event));
      }
      if (exits.length < capacity) return;
    }
  };
  return {
    watch: async (pid) => {
      const failed = await run(system, (b) => b.attempt(() => watchExit(b, queue, pid)));
      if (isKernelError(failed, 'ESRCH')) return;
      if (isKernelError(failed)) throw failed;
      watched.add(pid);
      seen.delete(pid);
    },
    statusOf: async (pid) => {
      if (!watched.delete(pid)) return undefined;
      if (!seen.has(pid)) await takeAll();
      const status = seen.get(pid);
      seen.delete(pid);
      return status;
    },
    close: () => run(system, (b) => close(b, queue)),
  };
}
