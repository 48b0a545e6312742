import assert from 'node:assert/strict';
import { ProcessDetails } from '../../src/proto/generated/messages.js';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { unpack } from '../../src/proto/any.js';
import { plant } from './harness/image.js';
import { life } from './harness/life.js';
import { end, exec, kill, lived, removeLeftOvers, start, stateOf } from './harness/steps.js';

const { methods } = TaskV2;

life('a container', (lives) => {
  lives('is created, started, and ends with its code', async (service) => {
    const { call, create, events } = service;
    const pid = await create('web', ['args', 'env', 'cwd', 'exit', '7']);
    assert.equal(await stateOf(service, 'web'), 'CREATED');
    assert.deepEqual(await call(methods.Start, { id: 'web' }), { pid });
    const { status, lines } = await end(service, 'web');
    assert.equal(status, 7);
    assert.deepEqual(lines, [
      ...['inmate', 'args', 'env', 'cwd', 'exit', '7'].map((each) => `arg ${each}`),
      ...['env PATH=/bin', 'env A=b', 'env HOME=/root', 'cwd /'],
    ]);
    assert.deepEqual(events.lines, ['create web', 'start web', 'exit web', 'delete web']);
  });

  lives('that was never started goes without a trace', async (service) => {
    await service.create('web', ['exit', '7']);
    await service.call(methods.Delete, { id: 'web' });
    assert.deepEqual(service.events.lines, ['create web', 'exit web', 'delete web']);
  });

  lives('reads what it is given, and writes as much as it likes', async (service) => {
    const input = `${await service.c.scratch()}/input`;
    await plant(service.c, input, Buffer.from('one\ntwo'));
    const read = await lived(service, ['read'], {}, { stdin: input });
    assert.deepEqual(read, { status: 0, lines: ['one', 'two'] });
    const written = await lived(service, ['write', '300000']);
    assert.equal(written.lines.join('\n').length + 1, 300_000);
    assert.equal(written.lines[0], '0123456789abcdef'.repeat(4).slice(0, 63));
  });

  lives('gets signals, and may do something about them', async (service) => {
    const { call, output } = service;
    await start(service, 'web', ['wait', '15', 'exit', '4']);
    await output('web').line(/^waiting 15$/);
    assert.equal(await stateOf(service, 'web'), 'RUNNING');
    await call(methods.Kill, { id: 'web', signal: 15 });
    assert.deepEqual(await end(service, 'web'), { status: 4, lines: ['waiting 15', 'signal 15'] });

    await start(service, 'web', ['cwd', 'stay']);
    await output('web').line(/^cwd/);
    await call(methods.Kill, { id: 'web', signal: 15 });
    assert.equal((await end(service, 'web')).status, 143);
  });

  lives('is paused and resumed', async (service) => {
    const { call, events, output } = service;
    await start(service, 'web', ['wait', '15', 'stay']);
    await output('web').line(/^waiting 15$/);
    await call(methods.Pause, { id: 'web' });
    assert.equal(await stateOf(service, 'web'), 'PAUSED');
    // A process that is stopped does nothing about it.
    await call(methods.Kill, { id: 'web', signal: 15 });
    assert.equal(await stateOf(service, 'web'), 'PAUSED');
    await call(methods.Resume, { id: 'web' });
    await output('web').line(/^signal 15$/);
    assert.deepEqual((await kill(service, 'web')).lines, ['waiting 15', 'signal 15']);
    assert.deepEqual(events.lines.slice(2), ['paused web', 'resumed web', 'exit web', 'delete web']);
  });

  lives('is killed while it is paused', async (service) => {
    await start(service, 'web', ['stay']);
    await service.call(methods.Pause, { id: 'web' });
    assert.equal((await kill(service, 'web')).status, 137);
  });

  lives('is left with what its daemon has written down alone', async (service) => {
    const { call, create } = service;
    const mounts = [{ destination: '/new/tmp', type: 'tmpfs', source: 'tmpfs' }];
    const members = {
      root: { path: 'rootfs', readonly: true },
      mounts,
      freebsd: { devices: [{ path: 'pf' }] },
    };
    await create('web', ['orphans', '2', 'stay'], members);
    await call(methods.Start, { id: 'web' });
    await create('db', ['stay']);
    await removeLeftOvers(service, 'web', 'db');
  });
});

life('processes in a container', (lives) => {
  lives('run beside init, are told apart, and go with it', async (service) => {
    const { call, events, output } = service;
    const pid = await start(service, 'web', ['stay']);
    const one = await exec(service, 'web', 'one', ['args', 'wait', '1', 'exit', '3']);
    await output('web', 'one').line(/^waiting/);
    const { processes } = await call(methods.Pids, { id: 'web' });
    const shown = processes.map(({ pid: each, info }) => {
      return [each, info === null ? '' : unpack(ProcessDetails, info).execId];
    });
    assert.deepEqual(
      new Map(shown as [number, string][]),
      new Map([[pid, ''] as const, [one, 'one'] as const]),
    );
    await call(methods.Kill, { id: 'web', execId: 'one', signal: 1 });
    const { status, lines } = await end(service, 'web', 'one');
    assert.deepEqual([status, lines.at(-1)], [3, 'signal 1']);

    await exec(service, 'web', 'two', ['stay']);
    await call(methods.Kill, { id: 'web', signal: 9, all: true });
    assert.equal((await call(methods.Wait, { id: 'web', execId: 'two' })).exitStatus, 137);
    await end(service, 'web');
    assert.deepEqual(events.lines.slice(-4).sort(), [
      'delete web',
      'exec-started web/two',
      'exit web',
      'exit web/two',
    ]);
  });

  lives('are killed all, orphans and children too', async (service) => {
    const { call, output } = service;
    const pid = await start(service, 'web', ['children', '2', 'orphans', '3', 'cwd', 'stay']);
    await output('web').line(/^cwd/);
    const { processes } = await call(methods.Pids, { id: 'web' });
    const pids = processes.map((each) => each.pid);
    assert.equal(new Set(pids).size, 6);
    const { status, lines } = await kill(service, 'web');
    assert.equal(status, 137);
    const said = lines.filter((line) => line.startsWith('child ')).map((line) => Number(line.slice(6)));
    assert.deepEqual(new Set([pid, ...said]), new Set(pids));
  });

  lives('that outlive init go with the container', async (service) => {
    await start(service, 'web', ['children', '1', 'exit', '5']);
    assert.equal((await service.call(methods.Wait, { id: 'web' })).exitStatus, 5);
    await service.call(methods.Delete, { id: 'web' });
    // What they have open is closed as they go.
    assert.equal((await service.output('web').lines()).length, 1);
  });
});
