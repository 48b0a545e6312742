import { isKernelError } from '../../kernel/error.js';
import { makeSocketPair, receiveDescriptor } from '../../kernel/freebsd/descriptor-passing.js';
import { close } from '../../kernel/freebsd/file.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';

/** Two sockets, by which a process in a jail passes the master of its terminal to the daemon. */
export interface Channel {
  /** The end of the process, until `closeFar`. */
  readonly far: number;
  /** Takes what was passed. Throws KernelError EAGAIN if nothing was. The caller owns what it answers. */
  receive(): Promise<number>;
  /** Closes the end that the process has by now. */
  closeFar(): Promise<void>;
  /** Closes what is open of both ends. Does nothing once they are closed. */
  close(): Promise<void>;
}

/** Throws KernelError; nothing is open then. */
export async function openChannel(system: FreeBSD): Promise<Channel> {
  const { near, far } = await run(system, (b) => makeSocketPair(b));
  const open = new Set([near, far]);
  const closeEnd = async (end: number): Promise<void> => {
    // Afterwards the number may be anybody's.
    if (!open.delete(end)) return;
    const closed = await run(system, (b) => b.attempt(() => close(b, end)));
    // Whatever else it says, close(2) has let go of the descriptor.
    if (isKernelError(closed, 'EBADF')) throw closed;
  };
  return {
    far,
    receive: () => run(system, (b) => receiveDescriptor(b, near, 'master of a terminal')),
    closeFar: () => closeEnd(far),
    close: async () => {
      await closeEnd(far);
      await closeEnd(near);
    },
  };
}
