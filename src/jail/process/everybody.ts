import { continueJails, signalJails, stopJails } from '../../kernel/freebsd/jail-signals.js';
import { listJails } from '../../kernel/freebsd/jail.js';
import type { ProcessInfo } from '../../kernel/freebsd/process-info.js';
import { listProcesses } from '../../kernel/freebsd/process-list.js';
import type { FreeBSD } from '../../kernel/freebsd/run.js';
import { RuntimeError, reason } from '../../runtime/error.js';

/** The processes of a container: those in its jail, and in jails that it has made in it. */
export interface Everybody {
  /** Those that have not ended, by rising pid as the host knows them. */
  pids(): Promise<number[]>;
  /** What the kernel says of these. */
  list(): Promise<ProcessInfo[]>;
  /**
   * Sends a signal to all, those included that are made meanwhile.
   *
   * @throws RuntimeError failed, if they multiply faster than they can be reached
   */
  signal(signal: number): Promise<void>;
  /**
   * Stops all. What was stopped is let go on if that fails.
   *
   * @throws RuntimeError failed, if some go on all the time
   */
  pause(): Promise<void>;
  /** Lets all go on. */
  resume(): Promise<void>;
}

/**
 * @param jid of the container's jail
 * @param others jids of jails in it that are other containers': those of a pod lie in the jail of its sandbox
 */
export function everybodyIn(
  system: FreeBSD,
  jid: number,
  others: () => Iterable<number> = () => [],
): Everybody {
  const jails = async (): Promise<number[]> => {
    const foreign = new Set(others());
    const own = new Set([jid]);
    // A parent comes before its children, as it has the smaller jid, unless somebody has chosen theirs.
    const all = await listJails(system, ['parent']);
    for (let grown = true; grown;) {
      const size = own.size;
      for (const { jid: each, values } of all) {
        if (own.has(values.parent) && !foreign.has(each)) own.add(each);
      }
      grown = own.size > size;
    }
    return [...own];
  };
  const list = async (): Promise<ProcessInfo[]> => {
    const all = await listProcesses(system, await jails());
    return all.filter(({ state }) => state !== 'zombie');
  };
  return {
    list,
    pids: async () => (await list()).map(({ pid }) => pid).sort((a, b) => a - b),
    signal: async (signal) => {
      const reached = await jails();
      await orFail(signalJails(system, reached, signal));
    },
    pause: async () => {
      const stopped = await jails();
      await orFail(stopJails(system, stopped)).catch(async (error: unknown) => {
        // What failed first says more.
        await continueJails(system, stopped).catch(() => undefined);
        throw error;
      });
    },
    resume: async () => {
      await orFail(continueJails(system, await jails()));
    },
  };
}

async function orFail(doing: Promise<unknown>): Promise<void> {
  try {
    await doing;
  } catch (error) {
    throw error instanceof RangeError ? error : new RuntimeError('failed', reason(error), { cause: error });
  }
}
