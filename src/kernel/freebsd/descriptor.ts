import { readStruct } from '../layout.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger } from './check.js';
import type { Pipe } from '../host.js';

/** Makes a pipe, both ends blocking and close-on-exec: pipe2(2). The caller closes them. */
export function makePipe(b: BatchBuilder): Step<Pipe> {
  const ends = b.arena.reserve(8, 4);
  const value = b.call('pipe2', [{ arena: ends }, b.bindings.constants.O_CLOEXEC], { object: 'pipe' });
  return {
    value,
    decode: ({ arena }) => {
      const view = new DataView(arena.buffer, arena.byteOffset);
      return { read: view.getInt32(ends, true), write: view.getInt32(ends + 4, true) };
    },
  };
}

/** The file status flags, such as O_NONBLOCK: fcntl(2), F_GETFL. */
export function statusFlags(b: BatchBuilder, fd: number): Step<number> {
  const value = b.call('fcntl', [fd, b.bindings.constants.F_GETFL], { object: `descriptor ${fd}` });
  return { value, decode: ({ valueOf }) => valueOf(value) };
}

/** Sets the file status flags of the open file description, which others may share: fcntl(2), F_SETFL. */
export function setStatusFlags(b: BatchBuilder, fd: number, flags: number): Step<void> {
  const { F_SETFL } = b.bindings.constants;
  const value = b.call('fcntl', [fd, F_SETFL, checkInteger('status flags', flags, 0, 0x7fff_ffff)], {
    object: `descriptor ${fd}`,
  });
  return { value, decode: () => undefined };
}

/** Keeps a descriptor from programs that the caller becomes or starts: fcntl(2), FD_CLOEXEC. */
export function closeOnExec(b: BatchBuilder, fd: number): Step<void> {
  const { F_SETFD, FD_CLOEXEC } = b.bindings.constants;
  const value = b.call('fcntl', [fd, F_SETFD, FD_CLOEXEC], { object: `descriptor ${fd}` });
  return { value, decode: () => undefined };
}

/**
 * Whether the other side of a pipe, FIFO or terminal was there and is gone: poll(2), POLLHUP. Asked together with
 * POLLIN: the kernel tells a FIFO that never had a writer from one that has lost them for those alone who want to read.
 */
export function hungUp(b: BatchBuilder, fd: number): Step<boolean> {
  const { constants: c, layouts } = b.bindings;
  const request = b.arena.struct(layouts.pollfd, { fd, events: c.POLLIN });
  const value = b.call('poll', [{ arena: request }, 1, 0], { object: `descriptor ${fd}` });
  return {
    value,
    decode: ({ arena }) => (readStruct(arena, request, layouts.pollfd).revents & c.POLLHUP) !== 0,
  };
}

/** Locks an open file without waiting: flock(2). EAGAIN if another has it locked. */
export function lock(b: BatchBuilder, fd: number): Step<void> {
  const { LOCK_EX, LOCK_NB } = b.bindings.constants;
  const value = b.call('flock', [fd, LOCK_EX | LOCK_NB], { object: `descriptor ${fd}` });
  return { value, decode: () => undefined };
}
