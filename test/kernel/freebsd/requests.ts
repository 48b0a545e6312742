import type { Bindings } from '../../../src/kernel/bindings/types.js';
import { BatchBuilder } from '../../../src/kernel/freebsd/batch-builder.js';

/** A request as it would be made, with the bytes of its structure before that. */
export interface BuiltRequest {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** The ioctl(2) requests that steps add to a batch; the size of their structures is in their numbers. */
export function builtRequests(bindings: Bindings, add: (b: BatchBuilder) => unknown): BuiltRequest[] {
  const b = new BatchBuilder(bindings);
  add(b);
  const { arena, calls } = b.batch();
  return calls
    .filter(({ symbol }) => symbol === 'ioctl')
    .map(({ args: [, request, data] }) => {
      const number = Number(request);
      const start = typeof data === 'object' && 'arena' in data ? data.arena : 0;
      return { number, bytes: arena.slice(start, start + ((number >>> 16) & 0x1fff)) };
    });
}

/** What is not zero in some bytes: offsets with the bytes from there to the next zero. */
export function written(bytes: Uint8Array): Record<number, number[]> {
  const found: Record<number, number[]> = {};
  let start = -1;
  bytes.forEach((byte, offset) => {
    if (byte === 0) start = -1;
    else if (start < 0) {
      start = offset;
      found[start] = [byte];
    } else found[start]?.push(byte);
  });
  return found;
}
