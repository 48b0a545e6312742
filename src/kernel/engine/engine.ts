import type { CallResult } from '../kernel.js';

/** Memory outside the JavaScript heap: the kernel's addresses stay valid until it is released. */
export interface Memory {
  readonly address: bigint;
  /** The memory itself, not a copy. Not to be touched after `release`. */
  readonly bytes: Uint8Array;
}

/**
 * What a local kernel needs of an FFI library: calling functions of libc with integers, and memory whose address is
 * known. Everything else of a batch is the same for all engines, in `../local.ts`.
 */
export interface Engine {
  /** Calls a function now. `errno` is that of this very call, 0 unless the value is -1. */
  call(symbol: string, args: readonly bigint[]): CallResult;
  /** Calls it on another thread. */
  callOnThread(symbol: string, args: readonly bigint[]): Promise<CallResult>;
  /** Zeroed memory, aligned for any type. */
  allocate(size: number): Memory;
  release(memory: Memory): void;
}
