import { isKernelError } from '../../kernel/error.js';
import { makePipe, setStatusFlags, statusFlags } from '../../kernel/freebsd/descriptor.js';
import { close, read } from '../../kernel/freebsd/file.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';

/** How much of the end of what a hook writes is kept, in bytes. */
const kept = 2048;

/** What one look takes at most, in bytes: all that a pipe can hold, BIG_PIPE_SIZE of sys/pipe.h. */
const atOnce = 64 * 1024;

// Milliseconds from the first look to the next, and never longer than the last. A pipe holds what comes meanwhile; who
// fills it waits for the next look.
const firstPause = 5;
const longestPause = 100;

/** A pipe into which a program of a jail writes, who need not stop at any length. */
export interface Written {
  /** the end to write to; the caller closes it */
  readonly fd: number;
  /** Reads until something ends, well or not, and answers the end of what was written. Others may hold the pipe open for longer. */
  until(end: Promise<unknown>): Promise<string>;
  /** Closes the end that is read. */
  close(): Promise<void>;
}

/** @throws KernelError; nothing is open then */
export async function openWritten(system: FreeBSD): Promise<Written> {
  const ends = await run(system, (b) => makePipe(b));
  const closeEnd = async (fd: number): Promise<void> => {
    const closed = await run(system, (b) => b.attempt(() => close(b, fd)));
    if (isKernelError(closed, 'EBADF')) throw closed;
  };
  try {
    const flags = await run(system, (b) => statusFlags(b, ends.read));
    const { O_NONBLOCK } = system.bindings.constants;
    await run(system, (b) => setStatusFlags(b, ends.read, flags | O_NONBLOCK));
  } catch (error) {
    await closeEnd(ends.read);
    await closeEnd(ends.write);
    throw error;
  }
  return {
    fd: ends.write,
    until: (end) => readUntil(system, ends.read, end),
    close: () => closeEnd(ends.read),
  };
}

async function readUntil(system: FreeBSD, fd: number, end: Promise<unknown>): Promise<string> {
  const over = (): true => true;
  const ended = end.then(over, over);
  let tail = Buffer.alloc(0);
  for (let next = firstPause; ; next = Math.min(next * 2, longestPause)) {
    const isOver = await endedWithin(next, ended);
    const bytes = await run(system, (b) => b.attempt(() => read(b, fd, atOnce, 'standard error of a hook')));
    if (!isKernelError(bytes)) tail = Buffer.concat([tail, bytes]).subarray(-kept);
    else if (bytes.code !== 'EAGAIN') throw bytes;
    if (isOver) return tail.toString();
  }
}

async function endedWithin(milliseconds: number, ended: Promise<true>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const pause = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const first = await Promise.race([ended, pause]);
  clearTimeout(timer);
  return first;
}
