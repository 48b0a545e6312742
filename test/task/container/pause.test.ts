import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeOf } from '../shim.js';
import { box, kill, limits, methods, running, takenUp } from './calls.js';

describe('a pause', limits, () => {
  it('is called pausing while it is made, and not at all when that fails', async (test) => {
    const shim = await running(test);
    const held = shim.runtime.gates.hold('pause');
    const pausing = shim.call(methods.Pause, box);
    await held.reached;
    assert.equal(await shim.state(), 'PAUSING');
    assert.equal(await codeOf(shim.exec('sh', 'true')), 'FailedPrecondition');
    held.fail(new Error('freezer: EBUSY'));
    await assert.rejects(pausing, { code: 2, message: 'freezer: EBUSY' });
    assert.equal(await shim.state(), 'RUNNING');
    assert.deepEqual(shim.events.lines.slice(2), []);
  });

  it('stays when it cannot be ended', async (test) => {
    const shim = await running(test);
    await shim.call(methods.Pause, box);
    shim.runtime.gates.fail('resume', new Error('freezer: EBUSY'));
    assert.equal(await codeOf(shim.call(methods.Resume, box)), 'Unknown');
    assert.equal(await shim.state(), 'PAUSED');
    await shim.call(methods.Resume, box);
    assert.equal(await shim.state(), 'RUNNING');
  });

  it('ends with any number of SIGKILLs', async (test) => {
    const shim = await running(test);
    await shim.call(methods.Pause, box);
    const held = shim.runtime.gates.hold('resume');
    const kills = [1, 2, 3].map(() => codeOf(kill(shim)));
    await held.reached;
    await shim.runtime.get('box').init.exited;
    await takenUp(shim);
    const { calls } = shim.runtime.get('box');
    held.release();
    const answers = await Promise.all(kills);
    assert.ok(answers.includes('OK'));
    assert.ok(
      answers.every((code) => code === 'OK' || code === 'NotFound'),
      answers.join(),
    );
    assert.equal(await shim.wait(), 137);
    assert.equal(calls.resume, 1, 'however many wait for it');
  });

  it('is ended for a SIGKILL that came while it was made', async (test) => {
    const shim = await running(test, "trap '' HUP; while :; do sleep 1000; done");
    const container = shim.runtime.get('box');
    // A freezer of version 1 lets nobody die: the signal takes effect when the processes are thawed.
    const signal = container.init.signal.bind(container.init);
    const pending: number[] = [];
    container.init.signal = (number) => {
      pending.push(number);
      return Promise.resolve();
    };
    container.resume = async () => {
      for (const number of pending) await signal(number);
    };
    const held = shim.runtime.gates.hold('pause');
    const pausing = codeOf(shim.call(methods.Pause, box));
    await held.reached;
    const killing = codeOf(kill(shim));
    await takenUp(shim);
    held.release();
    assert.equal(await pausing, 'OK');
    assert.equal(await killing, 'OK');
    assert.equal(await shim.wait(), 137);
  });

  it('of a container that ends meanwhile did not happen', async (test) => {
    const shim = await running(test);
    const held = shim.runtime.gates.hold('pause');
    const pausing = codeOf(shim.call(methods.Pause, box));
    await held.reached;
    await kill(shim, { signal: 15 });
    await shim.wait();
    held.release();
    assert.equal(await pausing, 'FailedPrecondition');
    assert.equal(await shim.state(), 'STOPPED');
    assert.deepEqual(shim.events.lines.slice(2), ['exit box']);
    assert.equal(await codeOf(shim.call(methods.Resume, box)), 'FailedPrecondition');
  });

  it('ends with init, so that the others can die', async (test) => {
    const shim = await running(test);
    await shim.call(methods.Pause, box);
    const { init, calls } = shim.runtime.get('box');
    process.kill(init.pid, 'SIGKILL');
    assert.equal(await shim.wait(), 137);
    assert.equal(calls.resume, 1);
    assert.deepEqual(shim.events.lines.slice(2), ['paused box', 'exit box']);
  });

  it('lets an exec be killed', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'exec sleep 1000');
    await shim.start('sh');
    await shim.call(methods.Pause, box);
    await kill(shim, { execId: 'sh' });
    assert.equal(await shim.wait('sh'), 137);
    assert.equal(await shim.state(), 'PAUSED');
  });
});
