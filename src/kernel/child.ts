import type { Batch, Kernel } from './kernel.js';

/** A process that makes calls for us until it becomes the program that it was made for. */
export interface ChildKernel extends Kernel {
  readonly pid: number;
  /** Runs a batch whose last call is execve(2). Resolves once the program runs; throws KernelError if it does not. */
  become(batch: Batch, object: string): Promise<void>;
}

/** How a child ended. */
export interface ChildExit {
  /** The exit code, or 128 plus the signal that killed it. */
  readonly status: number;
  /** When that was noticed, in milliseconds since 1970. */
  readonly at: number;
}

/** A child whose end somebody waits for, whatever becomes of it. */
export interface Child {
  readonly kernel: ChildKernel;
  readonly pid: number;
  /** Resolves when it has ended and was waited for: its pid means nothing any more then. Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Kills it, whatever it is by now, and waits for its end. Does nothing if it has ended. */
  abandon(): Promise<void>;
}

/** Descriptors 0, 1 and 2 of a child, by the numbers that they have with whoever makes it; 'null' for /dev/null. */
export type ChildStdio = readonly [number | 'null', number | 'null', number | 'null'];

/** Makes children. */
export interface ChildMaker {
  /**
   * Makes a child with these descriptors, which stay the caller's, and no other.
   *
   * @throws Error if none can be made; nothing is left then
   */
  start(stdio: ChildStdio): Promise<Child>;
}
