import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeOf, type Shim, startShim } from '../shim.js';
import { box, exec, kill, limits, methods, running, takenUp } from './calls.js';

describe('calls at the same time', limits, () => {
  it('of Delete: one deletes, the other finds nothing', async (test) => {
    const shim = await running(test, 'exit 0');
    await shim.wait();
    const held = shim.runtime.gates.hold('remove');
    const codes = Promise.all([1, 2, 3].map(() => codeOf(shim.call(methods.Delete, box))));
    await held.reached;
    held.release();
    assert.deepEqual((await codes).sort(), ['NotFound', 'NotFound', 'OK']);
    assert.equal(shim.events.lines.filter((line) => line === 'delete box').length, 1);
    assert.equal(shim.told.changed, 2);
  });

  it('of Delete of an exec: one deletes, the other finds nothing', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'true');
    await shim.start('sh');
    await shim.wait('sh');
    const codes = await Promise.all([1, 2].map(() => codeOf(shim.call(methods.Delete, exec))));
    assert.deepEqual(codes.sort(), ['NotFound', 'OK']);
  });

  it('of Exec with one id: one gets it', async (test) => {
    const shim = await running(test);
    const codes = await Promise.all(Array.from({ length: 5 }, () => codeOf(shim.exec('sh', 'true'))));
    assert.deepEqual(codes.sort(), [
      'AlreadyExists',
      'AlreadyExists',
      'AlreadyExists',
      'AlreadyExists',
      'OK',
    ]);
    assert.equal(shim.events.lines.filter((line) => line === 'exec-added box/sh').length, 1);
  });

  it('of Start: one starts', async (test) => {
    const shim = await startShim(test);
    await shim.create('exec sleep 1000');
    assert.deepEqual(await codes(shim, () => shim.start()), ['OK', 'Unknown']);
    await shim.exec('sh', 'exec sleep 1000');
    assert.deepEqual(await codes(shim, () => shim.start('sh')), ['OK', 'Unknown']);
    assert.equal(shim.events.lines.filter((line) => line.includes('start')).length, 2);
  });

  it('of Delete while Kill is under way', async (test) => {
    const shim = await running(test);
    const held = shim.runtime.gates.hold('signalAll');
    const killing = kill(shim, { all: true });
    await held.reached;
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'Unknown');
    held.release();
    await killing;
    await shim.wait();
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'OK');
  });

  it('of Kill while Delete is under way', async (test) => {
    const shim = await running(test, 'exit 0');
    await shim.wait();
    const held = shim.runtime.gates.hold('remove');
    const deleting = shim.call(methods.Delete, box);
    await held.reached;
    assert.equal(await codeOf(kill(shim)), 'NotFound');
    assert.equal(await shim.state(), 'STOPPED');
    const starting = codeOf(shim.start());
    await takenUp(shim);
    held.release();
    await deleting;
    assert.equal(await starting, 'NotFound');
  });

  it('of State, Pids, Connect, Wait and Kill do not wait for a Start', async (test) => {
    const shim = await startShim(test);
    await shim.create('true');
    const held = shim.runtime.gates.hold('start');
    const starting = shim.start();
    await held.reached;
    assert.equal(await shim.state(), 'CREATED');
    assert.equal((await shim.call(methods.Pids, box)).processes.length, 1);
    assert.ok((await shim.call(methods.Connect, box)).taskPid > 0);
    await kill(shim);
    held.release();
    await starting;
    assert.equal(await shim.wait(), 137);
  });

  it('of Delete of an exec while it is being started: it waits, and is refused', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'exec sleep 1000');
    const held = shim.runtime.gates.hold('exec');
    const starting = shim.start('sh');
    await held.reached;
    const deleting = codeOf(shim.call(methods.Delete, exec));
    await takenUp(shim);
    held.release();
    await starting;
    assert.equal(await deleting, 'Unknown');
    assert.equal(await shim.state('sh'), 'RUNNING');
  });

  it('of Kill of an exec while it is being started: it waits', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'exec sleep 1000');
    const held = shim.runtime.gates.hold('exec');
    const starting = shim.start('sh');
    await held.reached;
    const killing = kill(shim, { execId: 'sh' });
    await takenUp(shim);
    held.release();
    await Promise.all([starting, killing]);
    assert.equal(await shim.wait('sh'), 137);
  });

  it('of Kill of an exec whose start fails: it finds nothing', async (test) => {
    const shim = await running(test);
    await shim.exec('sh', 'true');
    const held = shim.runtime.gates.hold('exec');
    const starting = codeOf(shim.start('sh'));
    await held.reached;
    const killing = codeOf(kill(shim, { execId: 'sh' }));
    await takenUp(shim);
    held.fail(new Error('no'));
    assert.deepEqual(await Promise.all([starting, killing]), ['Unknown', 'NotFound']);
  });

  it('of Exec and Start of an exec after init is gone: both are refused', async (test) => {
    const shim = await running(test);
    await shim.exec('late', 'true');
    const held = shim.runtime.gates.hold('signalAll');
    await kill(shim);
    await held.reached;
    assert.equal(await shim.state(), 'RUNNING', 'its exit is still being worked on');
    assert.equal(await codeOf(shim.start('late')), 'FailedPrecondition');
    assert.equal(await codeOf(shim.exec('later', 'true')), 'FailedPrecondition');
    assert.equal(await codeOf(kill(shim)), 'NotFound');
    held.release();
    await shim.wait();
  });
});

async function codes(shim: Shim, start: () => Promise<unknown>): Promise<string[]> {
  const answers = await Promise.all([codeOf(start()), codeOf(start())]);
  assert.equal(await shim.state(), 'RUNNING');
  return answers.sort();
}
