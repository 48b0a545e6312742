import { ImageError } from '../error.js';

/** Reads a stream of bytes whole. @throws ImageError exhausted above `maximum` bytes, or what the stream throws */
export async function readWhole(
  body: AsyncIterable<Uint8Array>,
  maximum: number,
  where: string,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maximum) throw new ImageError('exhausted', `${where} is larger than ${maximum} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Runs `work` on all, at most `most` at a time, and lets the others stop at the first failure, which is thrown. */
export async function eachOf<T>(
  items: readonly T[],
  most: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const all = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const waiting = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const item of waiting) {
      if (all.aborted) return;
      try {
        await work(item, all);
      } catch (error) {
        errors.push(error);
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
  throwIfCancelled(signal);
}

/** @throws ImageError cancelled */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new ImageError('cancelled', 'cancelled');
}
