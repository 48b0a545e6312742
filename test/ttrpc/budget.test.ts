import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Budget } from '../../src/ttrpc/budget.js';

test('takes up to the limit, and again what was given back', () => {
  const budget = new Budget(10);
  assert.equal(budget.take(10), true);
  assert.equal(budget.take(1), false);
  budget.give(4);
  assert.equal(budget.take(4), true);
  assert.equal(budget.used, 10);
});

test('counts against the whole as well, and takes from neither if one refuses', () => {
  const whole = new Budget(10);
  const part = new Budget(8, whole);
  const other = new Budget(8, whole);
  assert.equal(part.take(9), false);
  assert.equal(whole.used, 0);
  assert.equal(part.take(8), true);
  assert.equal(other.take(3), false);
  assert.deepEqual([part.used, other.used, whole.used], [8, 0, 8]);
  part.give(8);
  assert.equal(other.take(3), true);
});
