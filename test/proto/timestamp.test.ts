import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  fromMilliseconds,
  fromNanoseconds,
  hasHappened,
  NOT_YET,
  toNanoseconds,
} from '../../src/proto/timestamp.js';

const moments: [bigint, number, number][] = [
  [0n, 0, 0],
  [1n, 0, 1],
  [999_999_999n, 0, 999_999_999],
  [1_700_000_000_123_456_789n, 1_700_000_000, 123_456_789],
  [-1n, -1, 999_999_999],
  [-1_000_000_000n, -1, 0],
  [-1_000_000_001n, -2, 999_999_999],
];
for (const [time, seconds, nanos] of moments) {
  test(`${time.toString()} ns is ${seconds} s and ${nanos} ns`, () => {
    assert.deepEqual(fromNanoseconds(time), { seconds, nanos });
    assert.equal(toNanoseconds({ seconds, nanos }), time);
  });
}

test('milliseconds may have a fraction', () => {
  assert.deepEqual(fromMilliseconds(1_700_000_000_123), { seconds: 1_700_000_000, nanos: 123_000_000 });
  assert.deepEqual(fromMilliseconds(1.5), { seconds: 0, nanos: 1_500_000 });
  assert.deepEqual(fromMilliseconds(-0.5), { seconds: -1, nanos: 999_500_000 });
});

test('not yet is midnight of January 1st of year 1', () => {
  const moment = new Date('0001-01-01T00:00:00Z');
  assert.deepEqual(fromMilliseconds(moment.getTime()), NOT_YET);
  assert.equal(hasHappened(NOT_YET), false);
  assert.equal(hasHappened(null), false);
  assert.equal(hasHappened({ seconds: 0, nanos: 0 }), true);
  assert.equal(hasHappened({ seconds: BigInt(NOT_YET.seconds), nanos: 0 }), false);
});
