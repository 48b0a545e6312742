import { isAwaitedByNode } from '../runtime/children.js';
import type { Exit } from '../runtime/runtime.js';

/** The two calls of wait(2) that a reaper needs. */
export interface WaitCalls {
  /** the pid of a child that has ended and is not waited for yet, left as it is; undefined if there is none */
  peek(): number | undefined;
  /** collects a child that has ended: its exit code, or 128 plus the signal that ended it */
  collect(pid: number): number;
}

/** While a launch is open, exits of pids that nobody has claimed are kept, as one may be what is being launched. */
export interface Launch {
  /** Claims the pid, whose process may have ended already. The promise never rejects. */
  claim(pid: number): Promise<Exit>;
  end(): void;
}

export interface Reaper {
  launch(): Launch;
  /** Looks for children that have ended. Called at SIGCHLD. */
  reap(): void;
  close(): void;
}

/**
 * Collects the exits of containers' processes, which are children of this process by adoption only
 * (PR_SET_CHILD_SUBREAPER, prctl(2)): crun and runc, which forked them, are gone.
 *
 * Node.js waits for the children that it spawned itself, each by its pid; these are left to it. Every
 * other child that ends is collected here, at a cost that grows with the exits and not with the
 * containers, and no exit is ever dropped.
 */
export function createReaper(calls: WaitCalls, exists: (pid: number) => boolean = processExists): Reaper {
  const claimed = new Map<number, (exit: Exit) => void>();
  const unclaimed = new Map<number, Exit>();
  let launches = 0;
  let scheduled: NodeJS.Immediate | undefined;
  // A signal handler alone does not keep Node.js from ending while somebody waits for an exit.
  let awake: NodeJS.Timeout | undefined;
  const settle = (): void => {
    if (claimed.size > 0) {
      awake ??= setInterval(() => undefined, 2 ** 30);
    } else {
      clearInterval(awake);
      awake = undefined;
    }
  };

  const reap = (): void => {
    for (let pid = calls.peek(); pid !== undefined; pid = calls.peek()) {
      if (isAwaitedByNode(pid)) {
        // Node.js collects it within this turn or the next; it hides those that ended after it.
        schedule();
        return;
      }
      const exit = { status: calls.collect(pid), at: Date.now() };
      const tell = claimed.get(pid);
      claimed.delete(pid);
      settle();
      if (tell !== undefined) tell(exit);
      else if (launches > 0) unclaimed.set(pid, exit);
    }
  };
  const schedule = (): void => {
    scheduled ??= setImmediate(() => {
      scheduled = undefined;
      reap();
    });
  };
  process.on('SIGCHLD', schedule);

  return {
    launch: () => {
      launches += 1;
      let open = true;
      return {
        claim: (pid) => {
          const exit = unclaimed.get(pid);
          // A pid that exists was given to another process since the exit that is on record.
          if (exit !== undefined && !exists(pid)) return Promise.resolve(exit);
          return new Promise((resolve) => {
            claimed.set(pid, resolve);
            settle();
          });
        },
        end: () => {
          if (!open) return;
          open = false;
          launches -= 1;
          if (launches === 0) unclaimed.clear();
        },
      };
    },
    reap: schedule,
    close: () => {
      process.off('SIGCHLD', schedule);
      if (scheduled !== undefined) clearImmediate(scheduled);
      clearInterval(awake);
    },
  };
}

/** False once the process is gone and waited for; a zombie exists (kill(2)). */
function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
