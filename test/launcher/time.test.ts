import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFixture } from './fixture.js';

test('how long start takes with a daemon', async (context) => {
  const fixture = createFixture(context);
  await fixture.start();
  const times: number[] = [];
  for (let round = 0; round < 100; round += 1) {
    const begun = performance.now();
    const { status } = await fixture.start();
    times.push(performance.now() - begun);
    assert.equal(status, 0);
  }
  times.sort((a, b) => a - b);
  const figures = [10, 50, 90].map((percent) => `${percent} %: ${(times[percent] ?? 0).toFixed(2)} ms`);
  // Printed and not asserted: it includes what Node needs to spawn a process and to read its pipes.
  console.log(`start with a daemon, ${times.length} times: ${figures.join(', ')}`);
});
