import { setTimeout as pause } from 'node:timers/promises';
import { isKernelError } from '../error.js';
import { checkPositive } from './check.js';
import type { ProcessInfo } from './process-info.js';
import { listProcesses } from './process-list.js';
import { run, type FreeBSD } from './run.js';
import { sendSignal, signalNumber, type SignalName } from './signal.js';

// Who is listed may be gone, and its pid be another's, when the signal is sent. Pids go round only after 99 999
// processes, and list and signal follow each other at once: no fork bomb makes so many in that time.

// A process that forks all the time is caught within a few passes, as each pass hits parents and children alike.
const maxPasses = 200;

// From this pass on a moment is left to the kernel, to bring those that run on other processors to an end.
const quickPasses = 10;
const pauseMilliseconds = 2;

/** What the passes over a jail did. */
export interface Passes {
  /** Those that got the signal, by pid. */
  readonly pids: readonly number[];
  readonly passes: number;
}

/**
 * Sends a signal to every process of these jails, those included that are forked meanwhile: in passes, until one
 * finds nobody who has not got it. Who got it need not be gone, or stopped, yet.
 *
 * @param jails by their jids; a jail in one of them counts only if it is named too
 * @throws Error if every pass finds new ones, and 200 were not enough
 */
export async function signalJails(
  system: FreeBSD,
  jails: readonly number[],
  signal: number | SignalName,
): Promise<Passes> {
  const told = new Set<string>();
  const isNew = (process: ProcessInfo): boolean => {
    return process.state !== 'zombie' && !told.has(identity(process));
  };
  const passes = await inPasses(system, jails, signal, isNew, (each) => told.add(identity(each)));
  return { pids: [...new Set([...told].map(pidOf))], passes };
}

/**
 * Stops every process of these jails, those included that are forked meanwhile or continued by others: SIGSTOP in
 * passes, until one finds all of them stopped.
 *
 * @throws Error if after 200 passes some run on
 */
export async function stopJails(system: FreeBSD, jails: readonly number[]): Promise<Passes> {
  const stopped = new Set<number>();
  const runs = ({ state }: ProcessInfo): boolean => state !== 'zombie' && state !== 'stopped';
  const passes = await inPasses(system, jails, 'SIGSTOP', runs, ({ pid }) => stopped.add(pid));
  return { pids: [...stopped], passes };
}

/** Lets every process of these jails go on that is stopped: SIGCONT in passes, until one finds none. */
export async function continueJails(system: FreeBSD, jails: readonly number[]): Promise<Passes> {
  const continued = new Set<number>();
  const isStopped = ({ state }: ProcessInfo): boolean => state === 'stopped';
  const passes = await inPasses(system, jails, 'SIGCONT', isStopped, ({ pid }) => continued.add(pid));
  return { pids: [...continued], passes };
}

async function inPasses(
  system: FreeBSD,
  jails: readonly number[],
  signal: number | SignalName,
  isMissed: (process: ProcessInfo) => boolean,
  sent: (process: ProcessInfo) => void,
): Promise<number> {
  if (jails.length === 0 || jails.includes(0)) throw new RangeError('jails: none, or the host');
  jails.forEach((jid, index) => checkPositive(`jails[${index}]`, jid));
  signalNumber(system, signal);
  for (let passes = 1; ; passes++) {
    const missed = (await listProcesses(system, jails)).filter(isMissed);
    if (missed.length === 0) return passes;
    if (passes === maxPasses) {
      const pids = missed.map(({ pid }) => pid).join(', ');
      throw new Error(
        `${signal} to all of jail ${jails.join(', ')}: after ${passes} passes there is process ${pids}`,
      );
    }
    const outcomes = await run(system, (b) => {
      return missed.map(({ pid }) => b.attempt(() => sendSignal(b, pid, signal)));
    });
    outcomes.forEach((outcome, index) => {
      // Whoever has ended and been waited for since the list was read.
      if (isKernelError(outcome) && outcome.code !== 'ESRCH') throw outcome;
      const process = missed[index];
      if (process !== undefined) sent(process);
    });
    if (passes >= quickPasses) await pause(pauseMilliseconds);
  }
}

/** A later process may have the same pid, but not the same time. */
function identity({ pid, started }: ProcessInfo): string {
  return `${pid} ${started}`;
}

function pidOf(identity: string): number {
  return Number(identity.slice(0, identity.indexOf(' ')));
}
