import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import type { Process } from './process.js';
import { deliver, seenBy } from './signal-calls.js';
import type { Arguments } from './system-call.js';

/** procctl(2): reapers, and the signal at the parent's death. Id 0 is process 0, not the caller (seen on 12.1). */
export function procctl(context: CallContext, args: Arguments): number {
  const { memory, process, system } = context;
  const { constants: c, layouts } = system.bindings;
  const [type, id, command, data] = [args.int(0), args.long(1), args.int(2), args.address(3)];
  if (type !== c.P_PID) return fail('EINVAL');
  if (command === c.PROC_PDEATHSIG_CTL || command === c.PROC_PDEATHSIG_STATUS) {
    if (id !== 0 && id !== process.pid) return fail('EINVAL');
    return deathSignal(context, command, data);
  }
  const target = id === process.pid ? process : seenBy(process).find(({ pid }) => pid === id);
  switch (command) {
    case c.PROC_TRACE_CTL:
    case c.PROC_TRACE_STATUS:
      return tracing(context, target ?? fail('ESRCH'), command, data);
    case c.PROC_NO_NEW_PRIVS_CTL:
    case c.PROC_NO_NEW_PRIVS_STATUS:
      return newPrivileges(context, target ?? fail('ESRCH'), command, data);
    case c.PROC_REAP_ACQUIRE:
      if (target !== process) return fail('EPERM');
      if (process.reaper) return fail('EBUSY');
      process.reaper = true;
      return 0;
    case c.PROC_REAP_RELEASE:
      if (target !== process) return fail('EPERM');
      if (!process.reaper) return fail('EINVAL');
      process.reaper = false;
      return 0;
    case c.PROC_REAP_STATUS: {
      const reaper = reaperFor(context, target);
      const descendants = system.processes.descendantsOf(reaper);
      memory.at(data, layouts.procctl_reaper_status.size).fill(0);
      memory.setFields(data, layouts.procctl_reaper_status, {
        rs_flags: target?.reaper === true ? c.REAPER_STATUS_OWNED : 0,
        rs_children: system.processes.childrenOf(reaper).length,
        rs_descendants: descendants.length,
        rs_reaper: reaper.pid,
        rs_pid: descendants[0]?.pid ?? -1,
      });
      return 0;
    }
    case c.PROC_REAP_GETPIDS:
      return getPids(context, reaperFor(context, target), data);
    case c.PROC_REAP_KILL:
      return reapKill(context, reaperFor(context, target), data);
    default:
      return fail('EINVAL');
  }
}

function deathSignal({ memory, process, system }: CallContext, command: number, data: bigint): number {
  if (command === system.bindings.constants.PROC_PDEATHSIG_STATUS) {
    memory.setI32(data, process.parentDeathSignal);
    return 0;
  }
  const signal = memory.i32(data);
  if (signal < 0 || signal > 128) return fail('EINVAL');
  process.parentDeathSignal = signal;
  return 0;
}

/** The status is the pid of who traces, 0 if nobody does, -1 if nobody may. */
function tracing({ memory, system }: CallContext, target: Process, command: number, data: bigint): number {
  const { constants: c } = system.bindings;
  if (command === c.PROC_TRACE_STATUS) {
    memory.setI32(data, target.traceable ? 0 : -1);
    return 0;
  }
  const setting = memory.i32(data);
  if (![c.PROC_TRACE_CTL_ENABLE, c.PROC_TRACE_CTL_DISABLE].includes(setting)) return fail('EINVAL');
  target.traceable = setting === c.PROC_TRACE_CTL_ENABLE;
  return 0;
}

/** Once forbidden, they are not allowed again. */
function newPrivileges(context: CallContext, target: Process, command: number, data: bigint): number {
  const { constants: c } = context.system.bindings;
  if (command === c.PROC_NO_NEW_PRIVS_STATUS) {
    context.memory.setI32(data, target.noNewPrivileges ? 1 : 2);
    return 0;
  }
  if (context.memory.i32(data) !== c.PROC_NO_NEW_PRIVS_ENABLE) return fail('EINVAL');
  target.noNewPrivileges = true;
  return 0;
}

function reaperFor({ system }: CallContext, target: Process | undefined): Process {
  const process = target ?? fail('ESRCH');
  return process.reaper || process.pid === 1 ? process : (system.processes.reaperOf(process) ?? process);
}

function getPids({ memory, system }: CallContext, reaper: Process, data: bigint): number {
  const { constants: c, layouts } = system.bindings;
  const { rp_count: count, rp_pids: address } = memory.struct(data, layouts.procctl_reaper_pids);
  const { size } = layouts.procctl_reaper_pidinfo;
  system.processes
    .descendantsOf(reaper)
    .slice(0, count)
    .forEach((process, index) => {
      const at = address + BigInt(index * size);
      memory.at(at, size).fill(0);
      const flags =
        c.REAPER_PIDINFO_VALID |
        (process.parent === reaper ? c.REAPER_PIDINFO_CHILD : 0) |
        (process.reaper ? c.REAPER_PIDINFO_REAPER : 0) |
        (process.alive ? 0 : (c.REAPER_PIDINFO_ZOMBIE ?? 0));
      memory.setFields(at, layouts.procctl_reaper_pidinfo, {
        pi_pid: process.pid,
        pi_subtree: subtreeOf(reaper, process),
        pi_flags: flags,
      });
    });
  return 0;
}

/** The child of a reaper that a process descends from. */
function subtreeOf(reaper: Process, process: Process): number {
  let here = process;
  while (here.parent !== undefined && here.parent !== reaper) here = here.parent;
  return here.pid;
}

/** Zombies count as killed until somebody has waited for them. */
function reapKill({ memory, system }: CallContext, reaper: Process, data: bigint): number {
  const { constants: c, layouts } = system.bindings;
  const request = memory.struct(data, layouts.procctl_reaper_kill);
  const both = c.REAPER_KILL_CHILDREN | c.REAPER_KILL_SUBTREE;
  if (request.rk_sig <= 0 || request.rk_sig > 128 || (request.rk_flags & ~both) !== 0) fail('EINVAL');
  if ((request.rk_flags & both) === both) fail('EINVAL');
  const targets = system.processes.descendantsOf(reaper).filter((process) => {
    if ((request.rk_flags & c.REAPER_KILL_CHILDREN) !== 0) return process.parent === reaper;
    if ((request.rk_flags & c.REAPER_KILL_SUBTREE) === 0) return true;
    return subtreeOf(reaper, process) === request.rk_subtree;
  });
  memory.setFields(data, layouts.procctl_reaper_kill, { rk_killed: targets.length, rk_fpid: -1 });
  if (targets.length === 0) fail('ESRCH');
  for (const target of targets) deliver(system, target, request.rk_sig);
  return 0;
}
