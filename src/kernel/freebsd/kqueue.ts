import { readStruct } from '../layout.js';
import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { checkInteger, checkPositive } from './check.js';
import { decodeWaitStatus, type ProcessEvent } from './wait-status.js';

/**
 * Makes a queue of events: kqueue(2). Children do not inherit it, and it cannot be passed on. The caller closes what it
 * answers.
 */
export function openEventQueue(b: BatchBuilder): Step<number> {
  const value = b.call('kqueue', [], { object: 'event queue' });
  return { value, decode: ({ valueOf }) => valueOf(value) };
}

/**
 * Has the end of a process told, once: EVFILT_PROC with NOTE_EXIT of kevent(2). It need be nobody's child, and may have
 * ended already, as long as nobody has waited for it. ESRCH if there is none that the caller sees.
 */
export function watchExit(b: BatchBuilder, queue: number | ResultOf, pid: number): Step<void> {
  const { constants: c, layouts } = b.bindings;
  checkPositive('pid', pid);
  const change = b.arena.struct(layouts.kevent, {
    ident: pid,
    filter: c.EVFILT_PROC,
    flags: c.EV_ADD,
    fflags: c.NOTE_EXIT,
  });
  const args = [queue, { arena: change }, 1, 0, 0, 0];
  return { value: b.call('kevent', args, { object: `process ${pid}` }), decode: () => undefined };
}

/** The end of a process. */
export interface ToldExit {
  readonly pid: number;
  readonly event: ProcessEvent;
}

/**
 * Takes the ends of processes that have come, without waiting: kevent(2).
 *
 * @param capacity at most so many; there may be more if all come
 */
export function takeExits(b: BatchBuilder, queue: number | ResultOf, capacity: number): Step<ToldExit[]> {
  const { constants: c, layouts } = b.bindings;
  const count = checkInteger('capacity', capacity, 1, 4096);
  const { size } = layouts.kevent;
  const events = b.arena.reserve(count * size);
  const noTime = b.arena.struct(layouts.timespec, {});
  const args = [queue, 0, 0, { arena: events }, count, { arena: noTime }];
  const value = b.call('kevent', args, { object: 'event queue' });
  return {
    value,
    decode: ({ arena, valueOf }) =>
      Array.from({ length: valueOf(value) }, (_, index) => {
        const { ident, filter, data } = readStruct(arena, events + index * size, layouts.kevent);
        if (filter !== c.EVFILT_PROC) throw new Error(`kevent: an event of filter ${filter}`);
        return { pid: Number(ident), event: decodeWaitStatus(b.bindings, Number(data)) };
      }),
  };
}
