import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Fifos } from './fifos.js';

/** This program's ends of a process's streams. */
export interface Attached {
  /** Resolves when all that the process wrote was written to this program's own outputs. */
  readonly drained: Promise<void>;
  /** Resolves when the input has ended, so that the daemon may be told; never without one. */
  readonly inputEnded: Promise<void>;
  close(): void;
}

/**
 * Joins this program's standard streams with FIFOs.
 *
 * @param input in place of this program's standard input
 * @param stdout in place of this program's standard output
 * @param broken called once when nobody reads this program's output any more
 */
export function attach(
  fifos: Fifos,
  broken: () => void,
  {
    input,
    stdout = process.stdout,
  }: { readonly input?: string | undefined; readonly stdout?: Writable } = {},
): Attached {
  const sockets: Socket[] = [];
  // Elsewhere a reader that has gone ends this program at once; here the process must be told first.
  const usual = process.stdout.listeners('error') as ((error: Error) => void)[];
  for (const listener of usual) process.stdout.off('error', listener);
  let over = false;
  const lost = (): void => {
    if (over) return;
    over = true;
    broken();
  };
  const copy = (path: string, to: Writable): Promise<void> => {
    if (path === '') return Promise.resolve();
    const from = new Socket({ fd: fifos.take(path), readable: true, writable: false });
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
  const outputs = [copy(fifos.stdout, stdout), copy(fifos.stderr, process.stderr)];
  const inputEnded = fifos.stdin === '' ? never() : feed(fifos.take(fifos.stdin), sockets, input);
  return {
    drained: Promise.all(outputs).then(() => undefined),
    inputEnded,
    close: () => {
      for (const listener of usual.splice(0)) process.stdout.on('error', listener);
      process.stdin.unpipe();
      process.stdin.pause();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Copies standard input. A process that closes its own ends the copying, and is no error. */
function feed(fd: number, sockets: Socket[], input: string | undefined): Promise<void> {
  const to = new Socket({ fd, readable: false, writable: true });
  sockets.push(to);
  return new Promise((resolve) => {
    to.on('error', () => {
      process.stdin.unpipe(to);
    });
    to.once('close', resolve);
    if (input !== undefined) {
      to.end(input);
      return;
    }
    process.stdin.on('error', () => {
      to.end();
    });
    process.stdin.pipe(to);
  });
}

const never = (): Promise<void> => new Promise(() => undefined);
