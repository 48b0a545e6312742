import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findJails } from '../../../src/jail/jail/find.js';
import { attachJail } from '../../../src/kernel/freebsd/jail.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import { startService, type ServiceWorld } from './world.js';

const { methods } = TaskV2;
const [paused, running] = [4, 2];

/** Starts a container, and has what is in its jail fork before each look at the machine, so many times. */
async function forkBomb(service: ServiceWorld): Promise<{ times: number }> {
  const { call, world } = service;
  await service.create('web');
  await call(methods.Start, { id: 'web' });
  const [jail] = await findJails(world.tools.system, ['default@web']);
  const { kernel, system } = world.model;
  const bomb = { times: 0 };
  const answer = kernel.run.bind(kernel);
  kernel.run = (batch) => {
    const parent = system.processes.list.find((one) => {
      return one.jail.jid === jail?.jid && one.alive && one.state !== 'stopped';
    });
    if (parent !== undefined && bomb.times-- > 0) system.processes.fork(parent);
    return answer(batch);
  };
  return bomb;
}

/** How many in containers are in each state. */
function states({ world }: ServiceWorld): string[] {
  const inJails = world.model.system.processes.list.filter(({ jail }) => jail.jid !== 0);
  return [...new Set(inJails.map(({ alive, state }) => (alive ? state : 'ended')))].sort();
}

suite('a container whose processes multiply', () => {
  test('is killed, all of it', async (context) => {
    const service = await startService(context, 14);
    const bomb = await forkBomb(service);
    bomb.times = 12;
    await service.call(methods.Kill, { id: 'web', signal: 9, all: true });
    assert.ok(bomb.times < 0, 'it has forked all the time');
    assert.ok(
      !states(service).includes('running') && !states(service).includes('sleeping'),
      states(service).join(),
    );
    assert.equal((await service.call(methods.Wait, { id: 'web' })).exitStatus, 137);
    await service.call(methods.Delete, { id: 'web' });
    assert.deepEqual(service.world.left(), []);
  });

  test('is paused, all of it, and goes on', async (context) => {
    const service = await startService(context, 14);
    const bomb = await forkBomb(service);
    bomb.times = 12;
    await service.call(methods.Pause, { id: 'web' });
    assert.deepEqual(states(service), ['stopped']);
    assert.equal((await service.call(methods.State, { id: 'web' })).status, paused);
    await service.call(methods.Resume, { id: 'web' });
    assert.ok(!states(service).includes('stopped'));
    await service.call(methods.Kill, { id: 'web', signal: 9, all: true });
    await service.call(methods.Wait, { id: 'web' });
    await service.call(methods.Delete, { id: 'web' });
    assert.deepEqual(service.world.left(), []);
  });

  test('is told of if nobody can keep up with it, and goes with its jail', async (context) => {
    const service = await startService(context, 14);
    const bomb = await forkBomb(service);
    bomb.times = Infinity;
    const tooMany = /after 200 passes there is process \d+/;
    await assert.rejects(service.call(methods.Pause, { id: 'web' }), tooMany);
    assert.equal((await service.call(methods.State, { id: 'web' })).status, running);
    await assert.rejects(service.call(methods.Kill, { id: 'web', signal: 10, all: true }), tooMany);
    assert.equal((await service.call(methods.Wait, { id: 'web' })).exitStatus, 138);
    await service.call(methods.Delete, { id: 'web' });
    assert.deepEqual(service.world.left(), []);
  });
});

suite('a container of which a process is held in the kernel', () => {
  test('is not deleted, which is said in time, and is when the process has ended', async (context) => {
    const service = await startService(context, 14);
    const { call, events, store, world } = service;
    await service.create('web');
    await call(methods.Start, { id: 'web' });
    const [jail] = await findJails(world.tools.system, ['default@web']);
    assert.ok(jail);
    // It dies of what the jail's end has for all, but holds the jail until it is collected.
    const held = await world.model.kernel.fork();
    await run({ ...world.model.freebsd, kernel: held }, (b) => attachJail(b, jail.jid));
    await call(methods.Kill, { id: 'web', signal: 9 });
    await call(methods.Wait, { id: 'web' });
    for (let tries = 0; tries < 2; tries++) {
      await assert.rejects(
        call(methods.Delete, { id: 'web' }),
        /jail \d+ is still dying after [\d.]+ s: a process that cannot be killed/,
      );
      assert.equal((await call(methods.State, { id: 'web' })).exitStatus, 137);
      assert.deepEqual(store.list().length, 1);
    }
    world.model.system.processes.collect(held.process);
    await call(methods.Delete, { id: 'web' });
    assert.deepEqual([world.left(), store.list()], [[], []]);
    assert.deepEqual(events.lines, ['create web', 'start web', 'exit web', 'delete web']);
  });
});
