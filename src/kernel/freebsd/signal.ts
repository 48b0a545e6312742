import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkPositive, checkWord } from './check.js';

/** The name of a signal, as sys/signal.h has it. */
export type SignalName = keyof BatchBuilder['bindings']['signals'];

// _SIG_MAXSIG of sys/_sigset.h
const maxSignal = 128;

/**
 * Sends a signal to one process: kill(2). ESRCH if there is none of that pid that the caller sees; no error if it is a
 * zombie. A pid names the same process for as long as nobody has waited for it: only its parent can be sure of that.
 *
 * @param signal a number or a name; 0 sends nothing and only checks
 */
export function sendSignal(b: BatchBuilder, pid: number, signal: number | SignalName): Step<void> {
  return callKill(b, checkPositive('pid', pid), signal, `process ${pid}`);
}

/** Sends a signal to all processes of a group: kill(2) with the number below zero. Those of other jails too (12.1). */
export function sendGroupSignal(b: BatchBuilder, group: number, signal: number | SignalName): Step<void> {
  // 1 would mean everybody.
  return callKill(b, -checkInteger('group', group, 2, 0x7fff_ffff), signal, `process group ${group}`);
}

/**
 * Sends a signal to all processes of the caller's jail, and of jails in it, but to the caller: kill(2) with -1. ESRCH
 * if there are none. On the host that would be everybody: this is for a process that has attached.
 */
export function sendJailSignal(b: BatchBuilder, signal: number | SignalName): Step<void> {
  return callKill(b, -1, signal, 'all processes of the jail');
}

/** The number of a signal. Throws a RangeError. */
export function signalNumber(
  { bindings }: Pick<BatchBuilder, 'bindings'>,
  signal: number | SignalName,
): number {
  return typeof signal === 'number'
    ? checkInteger('signal', signal, 0, maxSignal)
    : checkWord('signal', signal, bindings.signals);
}

function callKill(b: BatchBuilder, pid: number, signal: number | SignalName, object: string): Step<void> {
  const value = b.call('kill', [pid, signalNumber(b, signal)], { object });
  return { value, decode: () => undefined };
}
