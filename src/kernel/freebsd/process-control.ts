import type { Argument } from '../kernel.js';
import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { checkPositive, required } from './check.js';
import { signalNumber, type SignalName } from './signal.js';

// procctl(2) of the calling process on itself. It is named by its own pid: id 0 is the kernel's process (12.1).

/** The pid of the calling process: getpid(2). */
export function ownPid(b: BatchBuilder): Step<number> {
  const value = b.call('getpid', [], { object: 'process' });
  return { value, decode: ({ valueOf }) => valueOf(value) };
}

/**
 * Has execve(2) take no set-id bits into account any more, for the caller and all that descend from it:
 * PROC_NO_NEW_PRIVS_CTL of procctl(2).
 *
 * @throws Error on a release that lacks it: see `canForbidNewPrivileges`
 */
export function forbidNewPrivileges(b: BatchBuilder): Step<void> {
  const { bindings } = b;
  const { PROC_NO_NEW_PRIVS_CTL, PROC_NO_NEW_PRIVS_ENABLE } = bindings.constants;
  const command = required(PROC_NO_NEW_PRIVS_CTL, 'PROC_NO_NEW_PRIVS_CTL', bindings.release);
  const on = required(PROC_NO_NEW_PRIVS_ENABLE, 'PROC_NO_NEW_PRIVS_ENABLE', bindings.release);
  return control(b, command, on, 'no new privileges');
}

/** Whether this release has `forbidNewPrivileges`. */
export function canForbidNewPrivileges({ bindings }: Pick<BatchBuilder, 'bindings'>): boolean {
  return bindings.constants.PROC_NO_NEW_PRIVS_CTL !== undefined;
}

/** Has the caller get a signal when its parent exits, 0 for none: PROC_PDEATHSIG_CTL. Children do not inherit it. */
export function setParentDeathSignal(b: BatchBuilder, signal: number | SignalName): Step<void> {
  return control(b, b.bindings.constants.PROC_PDEATHSIG_CTL, signalNumber(b, signal), 'parent death signal');
}

/** Says whether debuggers may attach to the caller, and cores be dumped: PROC_TRACE_CTL. execve(2) allows it again. */
export function setTraceable(b: BatchBuilder, traceable: boolean): Step<void> {
  const { PROC_TRACE_CTL, PROC_TRACE_CTL_ENABLE, PROC_TRACE_CTL_DISABLE } = b.bindings.constants;
  return control(b, PROC_TRACE_CTL, traceable ? PROC_TRACE_CTL_ENABLE : PROC_TRACE_CTL_DISABLE, 'tracing');
}

function control(b: BatchBuilder, command: number, setting: number, object: string): Step<void> {
  const data = { arena: b.arena.scalar('i32', setting, object) };
  const value = callProcctl(b, ownPid(b).value, command, data, object);
  return { value, decode: () => undefined };
}

/** procctl(2) with P_PID. */
export function callProcctl(
  b: BatchBuilder,
  pid: number | ResultOf,
  command: number,
  data: Argument,
  object: string,
): ResultOf {
  const id = typeof pid === 'number' ? checkPositive('pid', pid) : pid;
  return b.call('procctl', [b.bindings.constants.P_PID, id, command, data], { object });
}
