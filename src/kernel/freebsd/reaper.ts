import { isKernelError } from '../error.js';
import { readStruct } from '../layout.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkPositive } from './check.js';
import { callProcctl, ownPid } from './process-control.js';
import { run, type FreeBSD } from './run.js';
import { signalNumber, type SignalName } from './signal.js';

// A reaper inherits the orphans among its descendants, instead of init: procctl(2).

/** Makes the caller a reaper, of those only that are forked from now on: PROC_REAP_ACQUIRE. EBUSY if it is one. */
export function becomeReaper(b: BatchBuilder): Step<void> {
  const { PROC_REAP_ACQUIRE } = b.bindings.constants;
  return { value: callProcctl(b, ownPid(b).value, PROC_REAP_ACQUIRE, 0, 'reaper'), decode: () => undefined };
}

/** The caller is no reaper any more; its descendants go to the next one above: PROC_REAP_RELEASE. EINVAL if it was none. */
export function releaseReaper(b: BatchBuilder): Step<void> {
  const { PROC_REAP_RELEASE } = b.bindings.constants;
  return { value: callProcctl(b, ownPid(b).value, PROC_REAP_RELEASE, 0, 'reaper'), decode: () => undefined };
}

/** What PROC_REAP_STATUS says. */
export interface ReaperStatus {
  /** The process that was asked about is the reaper itself; otherwise this is about the reaper above it. */
  readonly isReaper: boolean;
  readonly reaper: number;
  readonly children: number;
  /** Children, their children, and so on, but for those that have a reaper of their own below this one. */
  readonly descendants: number;
}

/** Asks about the reaper of a process: PROC_REAP_STATUS. */
export function reaperStatus(b: BatchBuilder, pid: number): Step<ReaperStatus> {
  const { constants: c, layouts } = b.bindings;
  const at = b.arena.reserve(layouts.procctl_reaper_status.size);
  const value = callProcctl(b, pid, c.PROC_REAP_STATUS, { arena: at }, `reaper of process ${pid}`);
  return {
    value,
    decode: ({ arena }) => {
      const status = readStruct(arena, at, layouts.procctl_reaper_status);
      return {
        isReaper: (status.rs_flags & c.REAPER_STATUS_OWNED) !== 0,
        reaper: status.rs_reaper,
        children: status.rs_children,
        descendants: status.rs_descendants,
      };
    },
  };
}

/** A descendant of a reaper. */
export interface Descendant {
  readonly pid: number;
  /** The child of the reaper from which it descends, or itself if it is one. */
  readonly child: number;
  readonly isReaper: boolean;
  /** It has ended, and nobody has waited for it. Undefined on releases that do not say so. */
  readonly zombie: boolean | undefined;
}

/** The descendants of a reaper, or of the reaper above a process: PROC_REAP_GETPIDS. Those beyond `capacity` are left out. */
export function readDescendants(b: BatchBuilder, pid: number, capacity: number): Step<Descendant[]> {
  const { constants: c, layouts } = b.bindings;
  const { size } = layouts.procctl_reaper_pidinfo;
  const count = checkInteger('capacity', capacity, 1, 1_000_000);
  const list = b.arena.reserve(count * size);
  const request = b.arena.struct(layouts.procctl_reaper_pids, { rp_count: count, rp_pids: list });
  const object = `descendants of process ${pid}`;
  const value = callProcctl(b, pid, c.PROC_REAP_GETPIDS, { arena: request }, object);
  return {
    value,
    decode: ({ arena }) => {
      const all = Array.from({ length: count }, (_, index) => {
        return readStruct(arena, list + index * size, layouts.procctl_reaper_pidinfo);
      });
      return all
        .filter(({ pi_flags }) => (pi_flags & c.REAPER_PIDINFO_VALID) !== 0)
        .map(({ pi_pid, pi_subtree, pi_flags }) => ({
          pid: pi_pid,
          child: pi_subtree,
          isReaper: (pi_flags & c.REAPER_PIDINFO_REAPER) !== 0,
          zombie:
            c.REAPER_PIDINFO_ZOMBIE === undefined ? undefined : (pi_flags & c.REAPER_PIDINFO_ZOMBIE) !== 0,
        }));
    },
  };
}

/** All descendants of a reaper. */
export async function listDescendants(system: FreeBSD, pid: number): Promise<Descendant[]> {
  for (let capacity = 64; ; capacity *= 4) {
    const room = capacity;
    const found = await run(system, (b) => readDescendants(b, pid, room));
    if (found.length < room) return found;
  }
}

/** Whom `reapKill` reaches: all descendants, the children only, or what descends from one child and that one. */
export type ReapTargets = 'descendants' | 'children' | { readonly child: number };

/**
 * Sends a signal to descendants of a reaper: PROC_REAP_KILL. Zombies count as if they got it.
 *
 * @returns how many got it; 0 if there are none
 */
export async function reapKill(
  system: FreeBSD,
  pid: number,
  signal: number | SignalName,
  targets: ReapTargets = 'descendants',
): Promise<number> {
  const killed = await run(system, (b) => b.attempt(() => callReapKill(b, pid, signal, targets)));
  if (isKernelError(killed, 'ESRCH')) return 0;
  if (isKernelError(killed)) throw killed;
  return killed;
}

function callReapKill(
  b: BatchBuilder,
  pid: number,
  signal: number | SignalName,
  targets: ReapTargets,
): Step<number> {
  const { constants: c, layouts } = b.bindings;
  const number = checkInteger('signal', signalNumber(b, signal), 1, 128);
  const { flags, subtree } =
    typeof targets === 'object'
      ? { flags: c.REAPER_KILL_SUBTREE, subtree: checkPositive('child', targets.child) }
      : { flags: targets === 'children' ? c.REAPER_KILL_CHILDREN : 0, subtree: 0 };
  const fields = { rk_sig: number, rk_flags: flags, rk_subtree: subtree };
  const at = b.arena.struct(layouts.procctl_reaper_kill, fields);
  const value = callProcctl(b, pid, c.PROC_REAP_KILL, { arena: at }, `descendants of process ${pid}`);
  return {
    value,
    decode: ({ arena }) => readStruct(arena, at, layouts.procctl_reaper_kill).rk_killed,
  };
}
