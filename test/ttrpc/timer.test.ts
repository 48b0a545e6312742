import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timer } from '../../src/ttrpc/timer.js';

/** The longest delay of setTimeout. */
const LONGEST = 2 ** 31 - 1;

test('expires once, at its time', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let expired = 0;
  new Timer(10.2, () => (expired += 1));
  context.mock.timers.tick(10);
  assert.equal(expired, 0);
  context.mock.timers.tick(1);
  context.mock.timers.tick(100);
  assert.equal(expired, 1);
});

test('expires after more milliseconds than setTimeout takes', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let expired = 0;
  new Timer(2 * LONGEST + 5000, () => (expired += 1));
  for (const ticks of [LONGEST, LONGEST, 4999]) context.mock.timers.tick(ticks);
  assert.equal(expired, 0);
  context.mock.timers.tick(1);
  assert.equal(expired, 1);
});

test('does not expire at once for want of bits', async () => {
  let expired = 0;
  const timer = new Timer(2 ** 40, () => (expired += 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  timer.stop();
  assert.equal(expired, 0);
});

test('does not expire once stopped, even after its first part', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let expired = 0;
  const timer = new Timer(LONGEST + 10, () => (expired += 1));
  context.mock.timers.tick(LONGEST);
  timer.stop();
  context.mock.timers.tick(20);
  assert.equal(expired, 0);
});
