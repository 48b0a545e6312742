import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOT_YET } from '../../../src/proto/timestamp.js';
import { box, exec, limits, methods } from '../container/calls.js';
import { type Shim, startShim } from '../shim.js';
import { type ExecState, execStates, initStates, prepared } from './states.js';

describe('State', limits, () => {
  const expected: [ExecState, string, string][] = [
    ['created before the container', 'CREATED', 'CREATED'],
    ['created', 'RUNNING', 'CREATED'],
    ['running', 'RUNNING', 'RUNNING'],
    ['paused', 'PAUSED', 'PAUSED'],
    ['created, container paused', 'PAUSED', 'CREATED'],
    ['stopped', 'RUNNING', 'STOPPED'],
    ['failed to start', 'RUNNING', 'STOPPED'],
    ['created, container stopped', 'STOPPED', 'CREATED'],
  ];
  for (const [state, init, process] of expected) {
    it(`of an exec that is ${state} is ${process}, of its init ${init}`, async (test) => {
      assert.deepEqual(await initAndExecStates(await prepared(test, execStates[state])), [init, process]);
    });
  }

  it('gives back the strings of Create, and the year 1 while the process has not ended', async (test) => {
    const shim = await startShim(test);
    const log = `file://${shim.folder}/a%20log`;
    const bundle = shim.bundle('sh', '-c', 'exit 5');
    const pid = await shim.create('', { bundle, stdout: log, stderr: 'as it was' });
    const common = { id: 'box', bundle, pid, stdin: '', stdout: log, stderr: 'as it was', terminal: false };
    assert.deepEqual(await shim.call(methods.State, box), {
      ...common,
      status: 1,
      exitStatus: 0,
      exitedAt: NOT_YET,
      execId: '',
    });
    const before = Math.floor(Date.now() / 1000);
    await shim.start();
    await shim.wait();
    const stopped = await shim.call(methods.State, box);
    const { exitedAt } = stopped;
    assert.deepEqual(stopped, { ...common, status: 3, exitStatus: 5, exitedAt, execId: '' });
    const after = Math.ceil(Date.now() / 1000);
    const seconds = Number(exitedAt?.seconds);
    assert.ok(before <= seconds && seconds <= after, `${before} <= ${seconds} <= ${after}`);
  });

  it('names an exec by its own id, with its own streams', async (test) => {
    const shim = await prepared(test, initStates.running);
    const log = `file://${shim.folder}/log`;
    await shim.exec('sh', 'exec sleep 1000', { stdout: log });
    const registered = await shim.call(methods.State, exec);
    assert.deepEqual(
      [registered.id, registered.execId, registered.pid, registered.stdout, registered.exitedAt],
      ['sh', 'sh', 0, log, NOT_YET],
    );
    const pid = await shim.start('sh');
    assert.equal((await shim.call(methods.State, exec)).pid, pid);
  });
});

async function initAndExecStates(shim: Shim): Promise<[string, string]> {
  return [await shim.state(), await shim.state('sh')];
}
