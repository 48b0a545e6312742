import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { box, limits, methods } from '../container/calls.js';
import { codeOf, startShim } from '../shim.js';

const key = { namespace: 'ns', id: 'box' };

describe('a removal by force', limits, () => {
  it('kills what runs', async (test) => {
    const shim = await startShim(test);
    await shim.create('exec sleep 1000');
    await shim.start();
    await shim.exec('sh', 'exec sleep 1000');
    await shim.start('sh');
    const init = await shim.tasks.removeByForce(key);
    assert.equal(init?.exit?.status, 137);
    assert.deepEqual(shim.events.lines.slice(-3), ['exit box/sh', 'exit box', 'delete box']);
    assert.deepEqual(shim.store.list(), []);
    assert.equal(await codeOf(shim.state()), 'NotFound');
  });

  it('removes what never ran, and what has ended', async (test) => {
    const shim = await startShim(test);
    await shim.create('exit 3');
    assert.equal((await shim.tasks.removeByForce(key))?.exit?.status, 137);
    await shim.create('exit 3');
    await shim.start();
    await shim.wait();
    assert.equal((await shim.tasks.removeByForce(key))?.exit?.status, 3);
    assert.equal(await shim.tasks.removeByForce(key), undefined);
  });

  it('kills what is paused', async (test) => {
    const shim = await startShim(test);
    await shim.create('exec sleep 1000');
    await shim.start();
    await shim.call(methods.Pause, box);
    await shim.tasks.removeByForce(key);
    assert.equal(shim.tasks.count, 0);
  });

  it('waits for a create that is under way', async (test) => {
    const shim = await startShim(test);
    const held = shim.runtime.gates.hold('create');
    const creating = shim.create('true');
    await held.reached;
    const removing = shim.tasks.removeByForce(key);
    held.release();
    const pid = await creating;
    assert.equal((await removing)?.pid, pid);
    assert.equal(shim.tasks.count, 0);
  });

  it('finds nothing when the create that is under way fails', async (test) => {
    const shim = await startShim(test);
    const held = shim.runtime.gates.hold('create');
    const creating = codeOf(shim.create('true'));
    await held.reached;
    const removing = shim.tasks.removeByForce(key);
    held.fail(new Error('no'));
    assert.equal(await creating, 'Unknown');
    assert.equal(await removing, undefined);
  });

  it('waits for a Start that is under way, and kills what it has started', async (test) => {
    const shim = await startShim(test);
    await shim.create('exec sleep 1000');
    const held = shim.runtime.gates.hold('start');
    const starting = codeOf(shim.start());
    await held.reached;
    const removing = shim.tasks.removeByForce(key);
    held.release();
    assert.equal(await starting, 'OK');
    assert.equal((await removing)?.exit?.status, 137);
    assert.deepEqual(shim.events.lines, ['create box', 'start box', 'exit box', 'delete box']);
  });

  it('kills init itself when not all processes can be killed', async (test) => {
    const shim = await startShim(test);
    await shim.create('exec sleep 1000');
    await shim.start();
    shim.runtime.gates.fail('signalAll', new Error('cgroup.kill: EIO'));
    assert.equal((await shim.tasks.removeByForce(key))?.exit?.status, 137);
    assert.deepEqual(shim.warnings, ['cannot kill all processes: cgroup.kill: EIO']);
  });
});
