import assert from 'node:assert/strict';
import { test } from 'node:test';
import { within } from '../../src/task/limit.js';

const never = new Promise<never>(() => undefined);

test('work that ends in time', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  assert.equal(await within(1000, Promise.resolve('any value')), true);
  assert.equal(await within(1000, Promise.resolve(false)), true);
});

test('work that does not end', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const answer = within(1000, never);
  context.mock.timers.tick(999);
  assert.equal(await Promise.race([answer, turn()]), 'pending');
  context.mock.timers.tick(1);
  assert.equal(await answer, false);
});

test('work that fails', async () => {
  await assert.rejects(within(1000, Promise.reject(new Error('no'))), { message: 'no' });
});

test('leaves no timer behind', async () => {
  await within(2 ** 30, Promise.resolve());
  await assert.rejects(within(2 ** 30, Promise.reject(new Error('no'))));
  assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
});

function turn(): Promise<'pending'> {
  return new Promise((resolve) => setImmediate(resolve, 'pending'));
}
