import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isType, OCI_LINUX_RESOURCES, packJson, unpack } from '../../../src/proto/any.js';
import { Metrics } from '../../../src/proto/generated/cgroups-v2.js';
import { box, exec, limits, methods } from '../container/calls.js';
import { codeOf, startShim } from '../shim.js';
import { execStates, initStates, prepared } from './states.js';

const resources = packJson(OCI_LINUX_RESOURCES, { pids: { limit: 7 } });

describe('the answers of the Task service', limits, () => {
  it('are the same under version 3', async (test) => {
    const shim = await startShim(test);
    const v3 = { version: 3 } as const;
    const { pid } = await shim.call(methods.Create, { ...box, bundle: shim.bundle('sleep', '9') }, v3);
    assert.equal((await shim.call(methods.State, box)).pid, pid);
    assert.equal((await shim.call(methods.Start, box, v3)).pid, pid);
    assert.equal(await codeOf(shim.call(methods.Checkpoint, box, v3)), 'Unimplemented');
  });

  it('to Pids tell which processes Exec has started, and only while they live', async (test) => {
    const shim = await prepared(test, execStates.running);
    const init = (await shim.call(methods.State, box)).pid;
    const { pid } = await shim.call(methods.State, exec);
    const { processes } = await shim.call(methods.Pids, box);
    const details = processes.map((process) => [process.pid, process.info?.typeUrl]);
    assert.ok(details.some(([one, type]) => one === init && type === undefined));
    assert.ok(details.some(([one, type]) => one === pid && type === 'containerd.runc.v1.ProcessDetails'));
  });

  it('to Pids are an empty list when init has ended', async (test) => {
    const shim = await prepared(test, initStates.stopped);
    assert.deepEqual(await shim.call(methods.Pids, box), { processes: [] });
  });

  it('to Connect tell the pids of shim and init, and that a container is unknown', async (test) => {
    const shim = await startShim(test);
    const connect = (id: string) => shim.call(methods.Connect, { id });
    assert.equal(await codeOf(connect('box')), 'NotFound', 'lest a bundle without task pass for one');
    const pid = await shim.create('true');
    assert.deepEqual(await connect('box'), { shimPid: process.pid, taskPid: pid, version: '' });
    assert.equal(await codeOf(connect('../*')), 'NotFound');
  });

  it('to Stats are what the runtime measures, of a created container too', async (test) => {
    const shim = await prepared(test, initStates.created);
    const { stats } = await shim.call(methods.Stats, box);
    assert.ok(stats !== null && isType(Metrics, stats));
    assert.equal(unpack(Metrics, stats).pids?.current, 1);
  });

  it('to Delete are pid, status and time, of what never ran 0 and the year 1', async (test) => {
    const shim = await prepared(test, execStates.stopped);
    const { pid } = await shim.call(methods.State, exec);
    const answer = await shim.call(methods.Delete, exec);
    assert.deepEqual([answer.pid, answer.exitStatus], [pid, 143]);
    await shim.exec('never', 'true');
    const never = await shim.call(methods.Delete, { ...box, execId: 'never' });
    assert.deepEqual([never.pid, never.exitStatus], [0, 0]);
  });

  it('to Delete of a created container tell that it was killed', async (test) => {
    const shim = await startShim(test);
    const pid = await shim.create('true');
    const { pid: deleted, exitStatus } = await shim.call(methods.Delete, box);
    assert.deepEqual([deleted, exitStatus], [pid, 137]);
    assert.deepEqual(shim.events.lines, ['create box', 'exit box', 'delete box']);
  });

  it('to Shutdown come at once, and leave the rest to whoever ends the daemon', async (test) => {
    const shim = await prepared(test, initStates.running);
    assert.deepEqual(await shim.call(methods.Shutdown, { ...box, now: true }), {});
    assert.equal(shim.told.shutdown, 1);
    assert.equal(await shim.state(), 'RUNNING');
  });

  it('to Update hand the resources to the runtime', async (test) => {
    const shim = await prepared(test, initStates.running);
    await shim.call(methods.Update, { ...box, resources });
    assert.deepEqual(shim.runtime.get('box').updates, [{ pids: { limit: 7 } }]);
  });
});
