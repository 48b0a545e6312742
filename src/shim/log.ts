import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Where log lines go: the daemon outlives every bundle, so the destination changes under the logger. */
export interface LogDestination {
  write(line: string): void;
  /** From now on lines go to the `log` FIFO of this bundle, which containerd reads. */
  readonly follow: (bundle: string) => void;
  close(): void;
}

/**
 * Lines that `send` cannot write are dropped, as a daemon must neither wait for its log nor fail for it; their
 * number is told with the next line that fits.
 */
function dropping(send: (line: string) => boolean): (line: string) => void {
  let dropped = 0;
  return (line) => {
    if (dropped > 0 && send(`containerd-shim-jail: ${dropped} log lines were lost here\n`)) dropped = 0;
    if (!send(line)) dropped += 1;
  };
}

/** Writes whole lines: after one that was cut short, the next begins on a line of its own. */
function lineWriter(): (descriptor: number, line: string) => boolean {
  let torn = false;
  return (descriptor, line) => {
    const bytes = Buffer.from(torn ? `\n${line}` : line);
    const written = writeSync(descriptor, bytes);
    if (written > 0) torn = written < bytes.length;
    return written === bytes.length;
  };
}

/** Appends to a file. On a full disk lines are dropped. @throws when it cannot be opened */
export function fileDestination(path: string): LogDestination {
  const descriptor = openSync(path, 'a', 0o640);
  const write = lineWriter();
  return {
    write: dropping((line) => {
      try {
        return write(descriptor, line);
      } catch {
        // ENOSPC, EDQUOT, EIO: there is nowhere to say so.
        return false;
      }
    }),
    follow: () => undefined,
    close: () => {
      closeSync(descriptor);
    },
  };
}

/**
 * Writes to the FIFO `log` in the bundle of the newest container: containerd copies it to its own
 * log. The FIFO is without a reader when containerd is down, and full when it is slow: such lines are dropped.
 */
export function bundleDestination(): LogDestination {
  let bundle: string | undefined;
  let descriptor: number | undefined;
  let write = lineWriter();
  const release = (): void => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  const send = (line: string): boolean => {
    if (bundle === undefined) return false;
    try {
      descriptor ??= openSync(join(bundle, 'log'), constants.O_WRONLY | constants.O_NONBLOCK);
      return write(descriptor, line);
    } catch {
      // No reader (ENXIO, EPIPE), full (EAGAIN), or the bundle is gone (ENOENT): there is nowhere to say so.
      release();
      return false;
    }
  };
  return {
    write: dropping(send),
    follow: (next) => {
      if (next === bundle) return;
      release();
      bundle = next;
      write = lineWriter();
    },
    close: release,
  };
}

/** A logger of JSON lines, without pid and host name, which containerd's log has anyway. */
export function createLogger(destination: LogDestination, level: string): Logger {
  return pino(
    { level, base: { program: 'containerd-shim-jail' }, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
}
