import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findJails } from '../../../src/jail/jail/find.js';
import { OCI_LINUX_RESOURCES, OCI_PROCESS, packJson, unpack } from '../../../src/proto/any.js';
import { Metrics } from '../../../src/proto/generated/cgroups-v2.js';
import { ProcessDetails } from '../../../src/proto/generated/messages.js';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import { exitProgram } from '../../model/execve.js';
import { startService, type ServiceWorld } from './world.js';

const methods = TaskV2.methods;
const statusNames = ['UNKNOWN', 'CREATED', 'RUNNING', 'STOPPED', 'PAUSED', 'PAUSING'];

async function state({ call }: ServiceWorld, id: string, execId = ''): Promise<string> {
  return statusNames[(await call(methods.State, { id, execId })).status] ?? '?';
}

function processSpec(...args: string[]): { typeUrl: string; value: Uint8Array } {
  return packJson(OCI_PROCESS, { args, cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } });
}

/** The program of a process ends by itself. */
function exit({ world }: ServiceWorld, pid: number, status: number): void {
  exitProgram(world.process({ pid }), status);
}

for (const release of [12, 14, 15] as const) {
  suite(`jails through the Task service, on FreeBSD ${release}`, () => {
    test('a container is created, started, looked into, and ends', async (context) => {
      const service = await startService(context, release);
      const { call, world, events } = service;
      const pid = await service.create('web', { hostname: 'web1' });
      assert.equal(await state(service, 'web'), 'CREATED');
      const [jail] = await findJails(world.tools.system, ['default@web'], ['host.hostname']);
      assert.equal(jail?.values['host.hostname'], 'web1');

      assert.deepEqual(await call(methods.Start, { id: 'web' }), { pid });
      assert.equal(world.process({ pid }).executed?.path, '/usr/local/bin/httpd');
      assert.equal(world.process({ pid }).credential.uid, 80);
      assert.equal(await state(service, 'web'), 'RUNNING');

      const ended = call(methods.Wait, { id: 'web' });
      exit(service, pid, 7);
      assert.equal((await ended).exitStatus, 7);
      assert.equal(await state(service, 'web'), 'STOPPED');
      const deleted = await call(methods.Delete, { id: 'web' });
      assert.deepEqual([deleted.pid, deleted.exitStatus], [pid, 7]);
      assert.deepEqual(events.lines, ['create web', 'start web', 'exit web', 'delete web']);
      assert.deepEqual([world.left(), service.store.list(), service.warnings], [[], [], []]);
    });

    test('execs run beside init, are told apart, and go with it', async (context) => {
      const service = await startService(context, release);
      const { call, world, events } = service;
      const pid = await service.create('web');
      await call(methods.Start, { id: 'web' });
      await call(methods.Exec, { id: 'web', execId: 'one', spec: processSpec('sh') });
      assert.equal(await state(service, 'web', 'one'), 'CREATED');
      const exec = (await call(methods.Start, { id: 'web', execId: 'one' })).pid;
      const { processes } = await call(methods.Pids, { id: 'web' });
      const shown = processes.map((each) => [
        each.pid,
        each.info === null ? '' : unpack(ProcessDetails, each.info).execId,
      ]);
      assert.deepEqual(
        shown.sort(),
        [
          [pid, ''],
          [exec, 'one'],
        ].sort(),
      );
      exit(service, exec, 3);
      assert.equal((await call(methods.Wait, { id: 'web', execId: 'one' })).exitStatus, 3);
      assert.equal((await call(methods.Delete, { id: 'web', execId: 'one' })).exitStatus, 3);

      await call(methods.Exec, { id: 'web', execId: 'two', spec: processSpec('sh') });
      await call(methods.Start, { id: 'web', execId: 'two' });
      await call(methods.Kill, { id: 'web', signal: 15 });
      assert.equal((await call(methods.Wait, { id: 'web' })).exitStatus, 143);
      await call(methods.Delete, { id: 'web' });
      assert.deepEqual(events.lines.slice(-3), ['exit web/two', 'exit web', 'delete web']);
      assert.deepEqual(world.left(), []);
    });

    test('is paused and resumed, limited and measured', async (context) => {
      const service = await startService(context, release);
      const { call, world } = service;
      const pid = await service.create('web');
      await call(methods.Start, { id: 'web' });
      await call(methods.Pause, { id: 'web' });
      assert.deepEqual([await state(service, 'web'), world.process({ pid }).state], ['PAUSED', 'stopped']);
      await call(methods.Resume, { id: 'web' });
      assert.equal(await state(service, 'web'), 'RUNNING');
      await call(methods.Update, {
        id: 'web',
        resources: packJson(OCI_LINUX_RESOURCES, { pids: { limit: 9 } }),
      });
      const { stats } = await call(methods.Stats, { id: 'web' });
      assert.ok(stats);
      assert.equal(Number(unpack(Metrics, stats).pids?.current), 1);
      await call(methods.Kill, { id: 'web', signal: 9, all: true });
      assert.equal((await call(methods.Wait, { id: 'web' })).exitStatus, 137);
      await call(methods.Delete, { id: 'web' });
      assert.deepEqual(world.left(), []);
    });

    test('what a daemon that was killed has left goes by its store alone', async (context) => {
      const service = await startService(context, release);
      const { call, world } = service;
      await service.create('web', { freebsd: { jail: { vnet: 'new' } } });
      await call(methods.Start, { id: 'web' });
      await service.create('db');
      for (const id of ['web', 'db']) await service.leftOvers.clear({ namespace: 'default', id });
      assert.deepEqual([world.left(), service.store.list()], [[], []]);
    });
  });
}
