import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOT_YET } from '../../src/proto/timestamp.js';
import { exitTime } from '../../src/task/state.js';

// What State answers is tested with the service.
test('a process that has not ended has the time that Go calls zero', () => {
  assert.deepEqual(exitTime(undefined), NOT_YET);
  assert.notEqual(exitTime(undefined), NOT_YET, 'whoever is given it may change it');
  assert.deepEqual(exitTime({ status: 0, at: 1500.25 }), { seconds: 1, nanos: 500_250_000 });
});
