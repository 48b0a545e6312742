import type { Arena } from '../arena.js';
import { KernelError } from '../error.js';
import type { Answer, Argument, Batch, LocalKernel } from '../kernel.js';

/** A batch of one call that needs no memory, or only the memory of `arena`. */
export function single(symbol: string, args: readonly Argument[], arena?: Arena): Batch {
  const calls = [{ symbol, args }];
  return arena === undefined ? { arena: noMemory, fixups: [], calls } : arena.batch(calls);
}

const noMemory = new Uint8Array(0);

/** What a batch of one call gave. */
export interface Single {
  /** The call's value; an int, a size or an offset that fits a number. */
  readonly value: number;
  /** The arena after the call. */
  readonly arena: Uint8Array;
}

/**
 * Runs a batch of one call.
 *
 * @param object what it is called for, for the error.
 * @throws KernelError if the call fails.
 */
export function callOnce(kernel: LocalKernel, batch: Batch, object: string): Single {
  return unpack(kernel, batch, kernel.runSync(batch), object);
}

/** As `callOnce`, on another thread: the call may block. */
export async function callOnceBlocking(kernel: LocalKernel, batch: Batch, object: string): Promise<Single> {
  return unpack(kernel, batch, await kernel.runBlocking(batch), object);
}

function unpack(kernel: LocalKernel, batch: Batch, answer: Answer, object: string): Single {
  const call = batch.calls[0]?.symbol ?? '';
  const result = answer.results[0];
  if (result === undefined) throw new Error(`${call}: ${object}: no result`);
  if (result.errno !== 0) {
    throw new KernelError({ platform: kernel.platform, call, object, errno: result.errno });
  }
  return { value: Number(result.value), arena: answer.arena };
}
