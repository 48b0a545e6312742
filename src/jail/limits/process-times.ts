import type { ProcessInfo } from '../../kernel/freebsd/process-info.js';

/**
 * Adds up the time that processes spend on processors, in microseconds, from one list of them to the next. Those that have
 * ended count with what the last list said of them, so that the sum never falls; what they, and those that no list has,
 * did between two lists is not known.
 */
export function processTimes(): (processes: readonly ProcessInfo[]) => bigint {
  let known = new Map<string, bigint>();
  let ended = 0n;
  return (processes) => {
    const now = new Map(processes.map(({ pid, started, runtime }) => [`${pid} ${started}`, runtime]));
    for (const [process, time] of known) if (!now.has(process)) ended += time;
    known = now;
    return [...now.values()].reduce((sum, time) => sum + time, ended);
  };
}
