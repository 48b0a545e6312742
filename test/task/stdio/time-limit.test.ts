import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolvesWithin } from '../../../src/task/stdio/time-limit.js';

test('says whether a promise resolved in time', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  assert.equal(await resolvesWithin(Promise.resolve(false), 10), true);
  const late = resolvesWithin(new Promise(() => undefined), 10);
  context.mock.timers.tick(10);
  assert.equal(await late, false);
});

test('passes a rejection on', async () => {
  await assert.rejects(resolvesWithin(Promise.reject(new Error('no')), 2 ** 30), { message: 'no' });
  assert.ok(!process.getActiveResourcesInfo().includes('Timeout'), 'no timer stays');
});
