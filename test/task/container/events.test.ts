import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RuntimeError } from '../../../src/runtime/error.js';
import { codeOf, startShim } from '../shim.js';
import { box, exec, kill, limits, methods, running, takenUp } from './calls.js';

describe('the order of events', limits, () => {
  it('is create, start, exit, delete; added, started, exit of an exec', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'exit 4');
    await shim.start('sh');
    assert.equal(await shim.wait('sh'), 4);
    await shim.call(methods.Delete, exec);
    await kill(shim);
    assert.equal(await shim.wait(), 137);
    await shim.call(methods.Delete, box);
    assert.deepEqual(shim.events.lines, [
      'create box',
      'start box',
      'exec-added box/sh',
      'exec-started box/sh',
      'exit box/sh',
      'exit box',
      'delete box',
    ]);
  });

  it('holds the exit of init back until Start of it was announced', async (test) => {
    const shim = await startShim(test);
    const pid = await shim.create('exit 7');
    const held = shim.runtime.gates.hold('started');
    const started = shim.start();
    await held.reached;
    await shim.runtime.get('box').init.exited;
    await takenUp(shim);
    assert.deepEqual(shim.events.lines, ['create box']);
    held.release();
    assert.equal(await started, pid);
    assert.equal(await shim.wait(), 7);
    assert.deepEqual(shim.events.lines, ['create box', 'start box', 'exit box']);
    assert.equal((await shim.call(methods.State, box)).pid, pid);
  });

  it('holds the exit of an exec back until Start of it was announced', async (test) => {
    const shim = await running(test);
    const held = shim.runtime.gates.hold('execed');
    await shim.exec('sh', 'exit 7');
    const started = shim.start('sh');
    await held.reached;
    held.release();
    const pid = await started;
    assert.ok(pid > 0);
    assert.equal(await shim.wait('sh'), 7);
    assert.deepEqual(shim.events.lines.slice(-2), ['exec-started box/sh', 'exit box/sh']);
    assert.equal((await shim.call(methods.State, exec)).pid, pid);
  });

  it('has the exits of all execs before that of init, which takes them along', async (test) => {
    const shim = await running(test);
    for (const execId of ['a', 'b', 'c']) {
      await shim.exec(execId, 'exec sleep 1000');
      await shim.start(execId);
    }
    await kill(shim);
    assert.equal(await shim.wait(), 137);
    assert.deepEqual(shim.events.lines.slice(-4, -1).sort(), ['exit box/a', 'exit box/b', 'exit box/c']);
    assert.equal(shim.events.lines.at(-1), 'exit box');
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((id) => shim.wait(id))), [137, 137, 137]);
  });

  it('has the exit of an exec that is still being started before that of init', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'exec sleep 1000');
    const launched = shim.runtime.gates.hold('execed');
    const started = shim.start('sh');
    await launched.reached;
    const killing = shim.runtime.gates.hold('signalAll');
    await kill(shim);
    await killing.reached;
    killing.release();
    launched.release();
    await started;
    assert.equal(await shim.wait(), 137);
    assert.deepEqual(shim.events.lines.slice(-3), ['exec-started box/sh', 'exit box/sh', 'exit box']);
  });

  it('does not hold back the exit of an exec while others run', async (test) => {
    const shim = await running(test);
    await shim.exec('other', 'exec sleep 1000');
    await shim.start('other');
    await shim.exec('sh', 'true');
    await shim.start('sh');
    assert.equal(await shim.wait('sh'), 0);
    assert.ok(shim.events.lines.includes('exit box/sh'));
  });

  it('has no start of an init that was killed before', async (test) => {
    const shim = await startShim(test);
    await shim.create('true');
    await kill(shim);
    assert.equal(await shim.wait(), 137);
    assert.equal(await shim.state(), 'STOPPED');
    assert.deepEqual(shim.events.lines, ['create box', 'exit box']);
    assert.equal(await codeOf(shim.start()), 'Unknown');
  });

  it('has no exit of an exec that could not be started, and one exit of each that was', async (test) => {
    const shim = await running(test);
    shim.runtime.gates.fail('exec', new RuntimeError('failed', 'no more processes'));
    await shim.exec('sh', 'true');
    await assert.rejects(shim.start('sh'), { code: 2, message: 'no more processes' });
    assert.equal(await shim.wait('sh'), 255);
    assert.deepEqual(shim.events.lines.slice(2), ['exec-added box/sh']);
    await shim.call(methods.Delete, exec);
    await shim.exec('sh', 'exit 1');
    await shim.start('sh');
    assert.equal(await shim.wait('sh'), 1);
  });

  it('tells of memory that ran out at once, or else before the exit', async (test) => {
    const shim = await running(test);
    shim.runtime.get('box').runOutOfMemory('at once');
    await shim.events.until('oom box');
    shim.runtime.get('box').runOutOfMemory('when asked');
    await kill(shim);
    await shim.wait();
    assert.deepEqual(shim.events.lines.slice(2), ['oom box', 'oom box', 'exit box']);
  });

  it('has the exit also when the runtime cannot tell why it came, or kill what is left', async (test) => {
    const shim = await running(test);
    const container = shim.runtime.get('box');
    container.outOfMemory = () => {
      throw new Error('memory.events: EIO');
    };
    shim.runtime.gates.fail('signalAll', new Error('cgroup.kill: EIO'));
    await kill(shim);
    assert.equal(await shim.wait(), 137);
    assert.deepEqual(shim.warnings, [
      'cannot kill what init left behind: cgroup.kill: EIO',
      'cannot tell whether memory ran out: memory.events: EIO',
    ]);
  });

  it('is that of pause and resume', async (test) => {
    const shim = await running(test);
    await shim.call(methods.Pause, box);
    await shim.call(methods.Resume, box);
    assert.deepEqual(shim.events.lines.slice(2), ['paused box', 'resumed box']);
  });
});
