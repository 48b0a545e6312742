import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkBatch, maxArenaSize } from '../../src/kernel/batch.js';
import type { Argument, Batch } from '../../src/kernel/kernel.js';

function withArguments(...args: Argument[]): Batch {
  const calls = [
    { symbol: 'getpid', args: [] },
    { symbol: 'close', args },
  ];
  return { arena: new Uint8Array(16), fixups: [], calls };
}

describe('checkBatch', () => {
  it('takes what is allowed to the very edge', () => {
    checkBatch({ ...withArguments(), fixups: [{ at: 8, to: 16 }] });
    checkBatch(withArguments(0, -1, Number.MAX_SAFE_INTEGER, -(1n << 63n), (1n << 64n) - 1n));
    checkBatch(withArguments({ arena: 0 }, { arena: 16 }, { result: 0 }));
  });

  const refusals: [string, Batch, RegExp][] = [
    ['a fixup that ends outside', { ...withArguments(), fixups: [{ at: 9, to: 0 }] }, /fixup 9 -> 0/],
    ['a fixup before the arena', { ...withArguments(), fixups: [{ at: -1, to: 0 }] }, /fixup -1 -> 0/],
    ['a fixup to outside', { ...withArguments(), fixups: [{ at: 0, to: 17 }] }, /fixup 0 -> 17/],
    ['a fixup at a fraction', { ...withArguments(), fixups: [{ at: 0.5, to: 0 }] }, /fixup 0.5/],
    ['seven arguments', withArguments(1, 2, 3, 4, 5, 6, 7), /close: 7 arguments, at most 6/],
    ['a fraction', withArguments(1.5), /close: argument 0 is not valid: 1.5/],
    ['an imprecise number', withArguments(2 ** 53), /close: argument 0/],
    ['NaN', withArguments(0, NaN), /close: argument 1 is not valid: NaN/],
    ['65 bits', withArguments(1n << 64n), /close: argument 0/],
    ['65 bits, negative', withArguments(-(1n << 63n) - 1n), /close: argument 0/],
    ['an address outside', withArguments({ arena: 17 }), /arena offset 17/],
    ['a negative address', withArguments({ arena: -1 }), /arena offset -1/],
    ['its own result', withArguments({ result: 1 }), /result of call 1/],
    ['a negative result', withArguments({ result: -1 }), /result of call -1/],
    [
      'an arena too large',
      { ...withArguments(), arena: new Uint8Array(maxArenaSize + 1) },
      /^RangeError: arena/,
    ],
  ];
  for (const [what, batch, message] of refusals) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => {
          checkBatch(batch);
        },
        (error) => error instanceof RangeError && message.test(String(error)),
      );
    });
  }
});
