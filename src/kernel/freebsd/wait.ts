import { readStruct } from '../layout.js';
import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { checkPositive } from './check.js';
import { decodeWaitStatus, type ProcessEvent } from './wait-status.js';

/** Which children are waited for: one, those of a process group, those in a jail, or all of them. */
export type Children =
  { readonly pid: number | ResultOf } | { readonly group: number } | { readonly jid: number } | 'all';

/** What shall be told. By default: ends, by which the kernel then forgets the process, and not to wait for them. */
export interface WaitOptions {
  /** Wait until there is something to tell. Whoever answers the batch does nothing else meanwhile. */
  readonly blocking?: boolean;
  readonly stops?: boolean;
  readonly continues?: boolean;
  /** Leave the ended process as it is, to be waited for again. */
  readonly keep?: boolean;
}

/** Something that happened to a child. */
export interface ChildEvent {
  readonly pid: number;
  /** As the child had it at last. */
  readonly uid: number;
  readonly event: ProcessEvent;
  /** Processor time that it and its own children took, in microseconds. */
  readonly runtime: bigint;
}

/**
 * Asks what became of children of the caller: wait6(2). ECHILD if there are no such children, or somebody else has
 * been told of their end. Children of pdfork(2) are only found by pid.
 *
 * @returns undefined if there is nothing to tell
 */
export function waitFor(
  b: BatchBuilder,
  children: Children,
  { blocking = false, stops = false, continues = false, keep = false }: WaitOptions = {},
): Step<ChildEvent | undefined> {
  const { constants: c, layouts } = b.bindings;
  const { type, id, object } = describe(b, children);
  const status = b.arena.reserve(4);
  const usage = b.arena.reserve(layouts.__wrusage.size);
  const info = b.arena.reserve(layouts.__siginfo.size);
  const flags =
    c.WEXITED |
    (blocking ? 0 : c.WNOHANG) |
    (stops ? c.WUNTRACED : 0) |
    (continues ? c.WCONTINUED : 0) |
    (keep ? c.WNOWAIT : 0);
  const args = [type, id, { arena: status }, flags, { arena: usage }, { arena: info }];
  const value = b.call('wait6', args, { object });
  return {
    value,
    decode: ({ arena, valueOf }) => {
      const pid = valueOf(value);
      if (pid === 0) return undefined;
      const view = new DataView(arena.buffer, arena.byteOffset);
      const { wru_self, wru_children } = layouts.__wrusage.fields;
      return {
        pid,
        uid: readStruct(arena, info, layouts.__siginfo).si_uid,
        event: decodeWaitStatus(b.bindings, view.getInt32(status, true)),
        runtime: timeIn(b, arena, usage + wru_self.offset) + timeIn(b, arena, usage + wru_children.offset),
      };
    },
  };
}

function timeIn({ bindings }: BatchBuilder, arena: Uint8Array, offset: number): bigint {
  const usage = readStruct(arena, offset, bindings.layouts.rusage);
  const seconds = usage.ru_utime_sec + usage.ru_stime_sec;
  return seconds * 1_000_000n + usage.ru_utime_usec + usage.ru_stime_usec;
}

function describe(
  { bindings: { constants: c } }: BatchBuilder,
  children: Children,
): { type: number; id: number | ResultOf; object: string } {
  if (children === 'all') return { type: c.P_ALL, id: 0, object: 'children' };
  if ('jid' in children) {
    const id = checkPositive('jid', children.jid);
    return { type: c.P_JAILID, id, object: `children in jail ${id}` };
  }
  if ('group' in children) {
    const id = checkPositive('group', children.group);
    return { type: c.P_PGID, id, object: `children of group ${id}` };
  }
  if (typeof children.pid !== 'number') return { type: c.P_PID, id: children.pid, object: 'process' };
  const id = checkPositive('pid', children.pid);
  return { type: c.P_PID, id, object: `process ${id}` };
}
