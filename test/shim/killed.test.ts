import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killedNow } from '../../src/shim/killed.js';

test('a container whose end nobody has seen counts as killed, now', (context) => {
  context.mock.timers.enable({ apis: ['Date'], now: 1_500 });
  assert.deepEqual(killedNow(42), {
    pid: 42,
    exitStatus: 137,
    exitedAt: { seconds: 1, nanos: 500_000_000 },
  });
});
