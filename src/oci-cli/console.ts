import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalKernel } from '../kernel/kernel.js';
import { closeDescriptor } from '../kernel/linux/descriptor.js';
import { acceptConnection, listenAt, receiveDescriptor } from '../kernel/linux/unix-socket.js';
import { RuntimeError } from '../runtime/error.js';

/** A socket to which crun or runc sends the master side of the terminal that it made (`--console-socket`). */
export interface ConsoleSocket {
  readonly path: string;
  /**
   * Takes the terminal. The program sends it before it ends, so by then it has arrived and nothing
   * needs to be waited for.
   *
   * @throws RuntimeError when none was sent
   */
  receive(): number;
  close(): void;
}

let serial = 0;

/** Listens in the given folder, under a short name, as the path of a socket is limited (unix(7)). */
export function openConsoleSocket(kernel: LocalKernel, folder: string): ConsoleSocket {
  serial += 1;
  const path = join(folder, `tty${serial}`);
  const listener = listenAt(kernel, path);
  return {
    path,
    receive: () => {
      const connection = acceptConnection(kernel, listener);
      if (connection === undefined) throw new RuntimeError('failed', `no terminal was sent to ${path}`);
      try {
        const received = receiveDescriptor(kernel, connection);
        if (received === undefined) throw new RuntimeError('failed', `no terminal arrived at ${path}`);
        return received.fd;
      } finally {
        closeDescriptor(kernel, connection);
      }
    },
    close: () => {
      closeDescriptor(kernel, listener);
      unlinkSync(path);
    },
  };
}
