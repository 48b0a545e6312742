/**
 * The kernel interface: a *batch* of calls whose arguments are 64-bit integers, some of which are
 * addresses inside the batch's own arena. The libc of this host (`openLocalKernel`), an agent (`agent.ts`) and
 * the simulated kernel of the tests all answer the same batches.
 */

/** Which kernel's numbers (errno, flags, layouts) a batch and its answer are written in. */
export type Platform = 'freebsd' | 'linux';

/** Writes at arena offset `at` the 64-bit address of arena offset `to`, before the first call. */
export interface Fixup {
  readonly at: number;
  readonly to: number;
}

/**
 * One argument of a call: an integer, the address of an arena offset, or the value that an earlier call of
 * the same batch returned (-1 if that call was one that may fail, and did).
 */
export type Argument =
  | number
  | bigint
  | { readonly arena: number }
  | {
      readonly result: number;
    };

/** One call, by the name that it has in libc. */
export interface Call {
  readonly symbol: string;
  readonly args: readonly Argument[];
  /** The batch goes on when this call fails; by default it stops at the first failure. */
  readonly mayFail?: boolean;
}

export interface Batch {
  /** Strings, structures and buffers of all calls. It is read only: the answer brings a copy. */
  readonly arena: Uint8Array;
  readonly fixups: readonly Fixup[];
  readonly calls: readonly Call[];
}

/** What a call returned; `errno` is 0 unless it failed, and then `value` is -1. */
export interface CallResult {
  readonly value: bigint;
  readonly errno: number;
}

export interface Answer {
  /** The arena as the calls left it, of the size it had in the batch. */
  readonly arena: Uint8Array;
  /** One result for each call that ran; if fewer than the calls, the last one is the failure that stopped the batch. */
  readonly results: readonly CallResult[];
}

/** A kernel that answers batches. A batch that breaks a rule of the interface is a RangeError, not an answer. */
export interface Kernel {
  readonly platform: Platform;
  run(batch: Batch): Promise<Answer>;
  close(): void;
}

/** The kernel of this host, called in this process. */
export interface LocalKernel extends Kernel {
  /** Runs the batch now, on this thread: for calls that do not block. */
  runSync(batch: Batch): Answer;
  /**
   * Runs the batch on a thread of libuv's pool: for calls that may block. Each call may get another thread, so
   * calls that change the state of one thread only do not belong here. A call that never returns takes a thread
   * of the pool for good and keeps the process from exiting: whoever starts one must be able to wake it.
   */
  runBlocking(batch: Batch): Promise<Answer>;
}
