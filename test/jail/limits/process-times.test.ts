import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processTimes } from '../../../src/jail/limits/process-times.js';
import type { ProcessInfo } from '../../../src/kernel/freebsd/process-info.js';

const one = (pid: number, started: bigint, runtime: bigint): ProcessInfo =>
  ({ pid, started, runtime }) as ProcessInfo;

test('the time of processes adds up, and never falls when one ends', () => {
  const sum = processTimes();
  assert.equal(sum([]), 0n);
  assert.equal(sum([one(1, 5n, 100n), one(2, 6n, 10n)]), 110n);
  assert.equal(sum([one(1, 5n, 150n)]), 160n);
  // A later process of the same pid.
  assert.equal(sum([one(1, 5n, 150n), one(2, 7n, 1n)]), 161n);
  assert.equal(sum([]), 161n);
});
