import { isKernelError } from '../../kernel/error.js';
import { becomeReaper, releaseReaper } from '../../kernel/freebsd/reaper.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { waitFor } from '../../kernel/freebsd/wait.js';
import { isAwaitedByNode } from '../../runtime/children.js';

/** The collecting of processes whose parents have ended before them. */
export interface Orphans {
  /** Collects those that have ended by now; also at each SIGCHLD. */
  collect(): Promise<void>;
  /** Leaves orphans to whoever had them before. */
  close(): Promise<void>;
}

export interface OrphansTools {
  readonly system: FreeBSD;
  /** told of what nobody waits for */
  readonly report: (error: Error) => void;
  /** true for a child that somebody else waits for */
  readonly isAwaited?: (pid: number) => boolean;
}

/**
 * Makes this process the parent of the orphans of all containers, in place of init: procctl(2), PROC_REAP_ACQUIRE. A
 * process that has ended holds its jail until somebody waits for it; here nobody else has to for a jail to go.
 *
 * Node waits for the children that it has spawned itself, each by its pid. Those are left to it.
 *
 * @throws KernelError EBUSY if it is a reaper already
 */
export async function adoptOrphans({
  system,
  report,
  isAwaited = isAwaitedByNode,
}: OrphansTools): Promise<Orphans> {
  await run(system, (b) => becomeReaper(b));
  const state = { closed: false, again: false };
  let collecting: Promise<void> | undefined;

  const collectAll = async (): Promise<void> => {
    while (state.again && !state.closed) {
      state.again = false;
      for (let pid = await endedChild(system); pid !== undefined; pid = await endedChild(system)) {
        // Node collects its own within this turn or the next; until then it hides those that ended after it.
        if (isAwaited(pid)) await nextTurn();
        else await collectOne(system, pid);
      }
    }
  };
  const collect = (): Promise<void> => {
    state.again = true;
    collecting ??= collectAll().finally(() => {
      collecting = undefined;
    });
    return collecting;
  };
  const onChild = (): void => {
    collect().catch((error: unknown) => {
      report(error instanceof Error ? error : new Error(String(error)));
    });
  };
  process.on('SIGCHLD', onChild);
  return {
    collect,
    close: async () => {
      if (state.closed) return;
      state.closed = true;
      process.off('SIGCHLD', onChild);
      await collecting;
      await run(system, (b) => releaseReaper(b));
    },
  };
}

/** A child that has ended and that nobody has waited for; it stays as it is. */
async function endedChild(system: FreeBSD): Promise<number | undefined> {
  const ended = await run(system, (b) => b.attempt(() => waitFor(b, 'all', { keep: true })));
  if (isKernelError(ended, 'ECHILD')) return undefined;
  if (isKernelError(ended)) throw ended;
  return ended?.pid;
}

async function collectOne(system: FreeBSD, pid: number): Promise<void> {
  const collected = await run(system, (b) => b.attempt(() => waitFor(b, { pid })));
  if (isKernelError(collected) && collected.code !== 'ECHILD') throw collected;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
