/** The two ends of a pipe. */
export interface Pipe {
  readonly read: number;
  readonly write: number;
}

/**
 * What the daemon asks of the host's kernel beside its runtime and Node: each answers at once, and throws KernelError.
 * linux/host.ts and freebsd/host.ts know the numbers.
 */
export interface HostCalls {
  /** PATH_MAX of <limits.h>: the bytes of a path with its final NUL. */
  readonly pathMax: number;
  /** A pipe whose ends are blocking and close-on-exec. */
  createPipe(): Pipe;
  /** Clears O_NONBLOCK of the open file description, which others may share. */
  makeBlocking(fd: number): void;
  /** Whether the other side of a pipe, FIFO or terminal was there and is gone. */
  hasHungUp(fd: number): boolean;
  /** Keeps a descriptor from programs that this process becomes or starts. */
  closeOnExec(fd: number): void;
  /** Locks an open file, unless another has it locked: false then. */
  tryLock(fd: number): boolean;
  /** Gives back what memory of this process is not in use, where the kernel does not find that out itself. */
  giveBackMemory(): void;
}
