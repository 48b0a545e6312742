import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRest } from '../../src/shim/rest.js';

test('settles once after the last disturbance, and again after the next', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  let settled = 0;
  const rest = createRest(100, () => {
    settled += 1;
  });
  rest.disturb();
  context.mock.timers.tick(99);
  rest.disturb();
  context.mock.timers.tick(99);
  assert.equal(settled, 0);
  context.mock.timers.tick(1);
  assert.equal(settled, 1);
  context.mock.timers.tick(1000);
  assert.equal(settled, 1);
  rest.disturb();
  context.mock.timers.tick(100);
  assert.equal(settled, 2);
  rest.disturb();
  rest.stop();
  context.mock.timers.tick(1000);
  assert.equal(settled, 2);
});
