import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Fifos } from './fifos.js';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** This program's ends of a process's streams. */
export interface Attached {
  /** Resolves when all that the process wrote was written to this program's own outputs. */
  readonly drained: Promise<void>;
  /** Resolves when the input has ended, so that the daemon may be told; never without one. */
  readonly inputEnded: Promise<void>;
  close(): void;
}

/**
 * Joins this program's standard streams with FIFOs that the daemon has opened: a FIFO that has no writer yet would be
 * at its end at once.
 *
 * @param broken called once when nobody reads this program's output any more
 */
export function attach(fifos: Fifos, broken: () => void): Attached {
  const sockets: Socket[] = [];
  let over = false;
  const lost = (): void => {
    if (over) return;
    over = true;
    broken();
  };
  const copy = (path: string, to: Writable): Promise<void> => {
    if (path === '') return Promise.resolve();
    const from = new Socket({ fd: openSync(path, O_RDONLY | O_NONBLOCK), readable: true, writable: false });
    sockets.push(from);
    to.on('error', () => {
      lost();
      // The process must not stall for want of a reader while it is told.
      from.resume();
    });
    from.pipe(to, { end: false });
    return new Promise((resolve) => {
      from.once('close', () => {
        to.write('', () => {
          resolve();
        });
      });
    });
  };
  const outputs = [copy(fifos.stdout, process.stdout), copy(fifos.stderr, process.stderr)];
  const inputEnded = fifos.stdin === '' ? never() : feed(fifos.stdin, sockets);
  return {
    drained: Promise.all(outputs).then(() => undefined),
    inputEnded,
    close: () => {
      process.stdin.unpipe();
      process.stdin.pause();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Copies standard input. A process that closes its own ends the copying, and is no error. */
function feed(path: string, sockets: Socket[]): Promise<void> {
  const to = new Socket({ fd: openSync(path, O_WRONLY | O_NONBLOCK), readable: false, writable: true });
  sockets.push(to);
  return new Promise((resolve) => {
    to.on('error', () => {
      process.stdin.unpipe(to);
    });
    to.once('close', resolve);
    process.stdin.on('error', () => {
      to.end();
    });
    process.stdin.pipe(to);
  });
}

const never = (): Promise<void> => new Promise(() => undefined);
