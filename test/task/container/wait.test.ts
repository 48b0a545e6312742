import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeOf, startShim } from '../shim.js';
import { box, exec, kill, limits, methods, running } from './calls.js';

describe('Wait', limits, () => {
  it('answers many that came before Start, and those that come after the end', async (test) => {
    const shim = await startShim(test);
    await shim.create('exit 9');
    const early = Array.from({ length: 200 }, () => shim.wait());
    await shim.start();
    assert.deepEqual(new Set(await Promise.all(early)), new Set([9]));
    assert.equal(await shim.wait(), 9);
    const [first, second] = await Promise.all([shim.call(methods.Wait, box), shim.call(methods.State, box)]);
    assert.deepEqual(first.exitedAt, second.exitedAt);
  });

  it('answers only when State says stopped, and the exit is on its way', async (test) => {
    const shim = await running(test, 'exit 2');
    await shim.wait();
    assert.ok(shim.events.lines.includes('exit box'));
    assert.equal(await shim.state(), 'STOPPED');
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'OK');
  });

  it('counts a signal as 128 and its number', async (test) => {
    const shim = await startShim(test);
    for (const [signal, status] of [
      [1, 129],
      [11, 139],
      [15, 143],
    ] as const) {
      await shim.create('exec sleep 1000');
      await shim.start();
      await kill(shim, { signal });
      assert.equal(await shim.wait(), status);
      await shim.call(methods.Delete, box);
    }
  });

  it('does not outlive an exec that was deleted before it was started', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'true');
    const waiting = shim.wait('sh');
    await shim.call(methods.Delete, exec);
    assert.equal(await waiting, 0);
  });

  it('does not outlive an exec whose container was deleted', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'true');
    const waiting = shim.wait('sh');
    await kill(shim);
    await shim.wait();
    await shim.call(methods.Delete, box);
    assert.equal(await waiting, 0);
    assert.equal(await codeOf(shim.state('sh')), 'NotFound');
  });
});
