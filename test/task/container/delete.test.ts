import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { RuntimeError } from '../../../src/runtime/error.js';
import { codeOf, startShim } from '../shim.js';
import { Reader } from '../stdio/client.js';
import { makeFifo } from '../stdio/fixture.js';
import { box, kill, limits, methods, running } from './calls.js';

describe('Delete', limits, () => {
  it('that fails can be tried again', async (test) => {
    const shim = await running(test, 'exit 1');
    await shim.wait();
    shim.runtime.gates.fail('remove', new RuntimeError('failed', 'rootfs: EBUSY'));
    await assert.rejects(shim.call(methods.Delete, box), { code: 2, message: 'rootfs: EBUSY' });
    assert.equal(await shim.state(), 'STOPPED');
    assert.deepEqual(shim.events.lines.slice(-1), ['exit box']);
    assert.equal((await shim.call(methods.Delete, box)).exitStatus, 1);
    assert.deepEqual(shim.events.lines.slice(-2), ['exit box', 'delete box']);
  });

  it('that cannot strike the container out of the records can be tried again', async (test) => {
    let failures = 1;
    const shim = await startShim(test, {
      host: (host) => ({
        ...host,
        records: {
          ...host.records,
          remove: (key) => {
            if (failures-- > 0) throw new Error('database or disk is full');
            host.records.remove(key);
          },
        },
      }),
    });
    await shim.create('true');
    const { calls } = shim.runtime.get('box');
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'Unknown');
    assert.equal(await shim.state(), 'STOPPED');
    assert.equal(shim.store.list().length, 1);
    assert.equal(await codeOf(shim.call(methods.Delete, box)), 'OK');
    assert.equal(calls.remove, 1, 'nothing is called after remove');
    assert.deepEqual(shim.store.list(), []);
    assert.deepEqual(shim.events.lines, ['create box', 'exit box', 'delete box']);
  });

  it('of a created container whose init has just died is no error', async (test) => {
    const shim = await startShim(test);
    await shim.create('true');
    const { init } = shim.runtime.get('box');
    const signal = init.signal.bind(init);
    init.signal = async (number) => {
      await signal(number);
      throw new RuntimeError('not-found', 'process already finished');
    };
    assert.equal((await shim.call(methods.Delete, box)).exitStatus, 137);
  });

  it('of a container takes its execs along', async (test) => {
    const shim = await running(test);
    await shim.exec('a', 'exit 1');
    await shim.start('a');
    await shim.exec('b', 'true');
    await kill(shim);
    await shim.wait();
    await shim.call(methods.Delete, box);
    await shim.create('true');
    assert.equal(await codeOf(shim.state('a')), 'NotFound');
    assert.equal(await codeOf(shim.exec('b', 'true')), 'OK');
  });

  it('kills what init has left behind', async (test) => {
    const shim = await startShim(test, { endsWithInit: true });
    const stdout = makeFifo(join(shim.folder, 'stdout'));
    const reader = new Reader(test, stdout);
    await shim.create('sleep 1000 & exit 0', { stdout });
    await shim.start();
    await shim.wait();
    assert.equal((await shim.call(methods.Pids, box)).processes.length, 1);
    assert.equal(reader.isEnded, false);
    await shim.call(methods.Delete, box);
    assert.equal((await reader.toEnd()).length, 0, 'nobody holds the output open any more');
  });
});
