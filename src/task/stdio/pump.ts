import type { OnReadOpts, Socket } from 'node:net';

// What a pipe holds by default on Linux (pipe(7)). One chunk is on its way at a time, so this is all a pump ever holds.
const CHUNK = 64 * 1024;

/** A copy that is going on. */
export interface Pump {
  /** Resolves when the source has ended and its last byte was handed on, or after stop(); the source is closed then. */
  readonly done: Promise<void>;
  /** Ends the copy where it is. */
  readonly stop: () => void;
}

/** Takes one chunk, and calls `done` when its bytes were handed on and the memory may be used again. */
export type Write = (chunk: Uint8Array, done: () => void) => void;

/**
 * Copies a source until its end, one chunk at a time: nothing is read before the last chunk was handed on, so a stalled
 * reader stalls the writer, and nobody else. `open` makes the source from the buffer it shall read into.
 */
export function pump(
  open: (onread: OnReadOpts) => Socket,
  write: Write,
  report: (error: Error) => void,
): Pump {
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  const source = open({
    buffer,
    callback: (length) => {
      write(buffer.subarray(0, length), () => {
        // Never in the same turn of the loop: libuv takes POLLHUP after a short read for the end if reading is on again by
        // then (uv__stream_io), and a terminal, which gives 4 KiB at a time, would lose the rest.
        setImmediate(() => {
          if (!source.destroyed) source.resume();
        });
      });
      return false;
    },
  });
  const done = new Promise<void>((resolve) => {
    source.once('close', () => {
      resolve();
    });
  });
  source.once('end', () => source.destroy());
  source.on('error', (error: NodeJS.ErrnoException) => {
    // The master of a terminal that no process holds open any more: its way to say end of file on Linux (pty(7)).
    if (error.code !== 'EIO') report(error);
  });
  return { done, stop: () => source.destroy() };
}
