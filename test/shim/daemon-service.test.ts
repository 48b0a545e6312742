import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createListener } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { Daemon } from '../../src/proto/generated/services.js';
import { daemonService } from '../../src/shim/daemon-service.js';
import type { ContainerKey } from '../../src/runtime/key.js';
import type { Idle } from '../../src/shim/idle.js';
import { createClient } from '../../src/ttrpc/client.js';
import { createServer } from '../../src/ttrpc/server.js';
import { notLinux } from '../kernel/kernels.js';
import { codeOf, type Shim, startShim } from '../task/shim.js';
import { socketPath } from '../ttrpc/peers.js';

const { Reserve, Cleanup } = Daemon.methods;
const key = { namespace: 'ns', id: 'box' };
const limits = { skip: notLinux, timeout: 30_000 };

interface Setting {
  readonly shim: Shim;
  readonly reserve: (request?: object) => Promise<{ pid: number; socket: string }>;
  readonly cleanup: (request?: object) => Promise<{ pid: number; exitStatus: number }>;
  /** pids of what a dead daemon had left */
  readonly removed: Map<string, number>;
  /** what the service asked of the daemon */
  readonly asked: string[];
  ending: boolean;
}

async function setUp(test: TestContext): Promise<Setting> {
  const shim = await startShim(test);
  const asked: string[] = [];
  const idle: Idle = {
    reserve: (container, milliseconds) => asked.push(`reserve ${container} ${milliseconds}`),
    release: (container) => asked.push(`release ${container}`),
    check: () => asked.push('check'),
    stop: () => asked.push('stop'),
  };
  const removed = new Map<string, number>();
  const { tasks, leftOvers } = shim;
  const takePid = ({ namespace, id }: ContainerKey): number | undefined => {
    const name = `${namespace}/${id}`;
    const pid = removed.get(name);
    removed.delete(name);
    return pid;
  };
  const setting = { shim, removed, asked, ending: false };
  const service = daemonService({
    ...{ tasks, idle },
    leftOvers: { clear: leftOvers.clear, takePid },
    ending: () => setting.ending,
    socketFor: (namespace) => Promise.resolve(`/sockets/${namespace}`),
    follow: (bundle) => asked.push(`follow ${bundle}`),
  });
  const path = socketPath(test);
  const listener = createListener().listen(path);
  await once(listener, 'listening');
  const server = createServer([service]);
  server.serve(listener);
  const client = createClient(path);
  test.after(() => {
    client.close();
    server.close();
  });
  return Object.assign(setting, {
    reserve: (request = {}) => client.call(Daemon.name, Reserve, { ...key, bundle: '/bundle', ...request }),
    cleanup: (request = {}) => client.call(Daemon.name, Cleanup, { ...key, bundle: '/bundle', ...request }),
  });
}

describe('Reserve', limits, () => {
  it('keeps the daemon for a minute, and tells where the tasks of the namespace are', async (test) => {
    const { reserve, asked } = await setUp(test);
    assert.deepEqual(await reserve(), { pid: process.pid, socket: '/sockets/ns' });
    assert.deepEqual(asked, ['follow /bundle', 'reserve ns/box 60000']);
  });

  it('is refused by a daemon that ends', async (test) => {
    const setting = await setUp(test);
    setting.ending = true;
    await assert.rejects(setting.reserve(), { code: 14, message: 'the daemon is about to end' });
    assert.deepEqual(setting.asked, []);
  });

  for (const request of [{ id: '' }, { id: '../x' }, { namespace: '' }, { namespace: 'a/b' }]) {
    it(`and Cleanup refuse ${JSON.stringify(request)}`, async (test) => {
      const { reserve, cleanup, asked } = await setUp(test);
      assert.equal(await codeOf(reserve(request)), 'InvalidArgument');
      assert.equal(await codeOf(cleanup(request)), 'InvalidArgument');
      assert.deepEqual(asked, []);
    });
  }
});

describe('Cleanup', limits, () => {
  it('kills a container that runs, and tells its end', async (test) => {
    const { shim, cleanup, asked } = await setUp(test);
    const pid = await shim.create('exec sleep 1000');
    await shim.start();
    const answer = await cleanup();
    assert.deepEqual([answer.pid, answer.exitStatus], [pid, 137]);
    assert.equal(shim.tasks.count, 0);
    assert.deepEqual(asked, ['release ns/box', 'check']);
  });

  it('tells the real end of a container that had ended', async (test) => {
    const { shim, cleanup } = await setUp(test);
    const pid = await shim.create('exit 3');
    await shim.start();
    await shim.wait();
    const answer = await cleanup();
    assert.deepEqual([answer.pid, answer.exitStatus], [pid, 3]);
  });

  it('removes what a dead daemon has left, by the record', async (test) => {
    const { shim, cleanup } = await setUp(test);
    const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    test.after(() => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    shim.store.add(key, '/bundle');
    shim.store.setPid(key, 4711);
    shim.store.making(key, 'process', child.pid);
    const answer = await cleanup();
    assert.deepEqual([answer.pid, answer.exitStatus], [4711, 137]);
    await ended;
    assert.deepEqual(shim.store.list(), []);
    const again = await cleanup();
    assert.deepEqual([again.pid, again.exitStatus], [0, 137]);
  });

  it('removes what a failed create could not', async (test) => {
    const { shim, cleanup } = await setUp(test);
    const held = shim.runtime.gates.hold('created');
    const creating = codeOf(shim.create('true', { stdin: '' }));
    await held.reached;
    held.fail(new Error('no cgroup'));
    assert.equal(await creating, 'Unknown');
    assert.equal((await cleanup()).pid, 0);
    assert.equal(await codeOf(shim.create('true', { id: 'other' })), 'OK');
  });

  it('tells once the pid of what was removed when the daemon started', async (test) => {
    const { removed, cleanup } = await setUp(test);
    removed.set('ns/box', 815);
    removed.set('other/box', 816);
    assert.equal((await cleanup()).pid, 815);
    assert.equal((await cleanup()).pid, 0);
    assert.equal((await cleanup({ namespace: 'other' })).pid, 816);
  });

  it('that fails leaves the record, and lets the daemon end', async (test) => {
    const { shim, cleanup, asked } = await setUp(test);
    shim.store.add(key, '/bundle');
    shim.store.making(key, 'process', 999_999_999);
    shim.runtime.gates.fail('cleanUp', new Error('rootfs: EBUSY'));
    await assert.rejects(cleanup(), { code: 2, message: 'rootfs: EBUSY' });
    assert.equal(shim.store.list().length, 1);
    assert.deepEqual(asked, ['release ns/box', 'check']);
    assert.equal(await codeOf(cleanup()), 'OK');
  });

  it('waits for a create that is under way', async (test) => {
    const { shim, cleanup } = await setUp(test);
    const held = shim.runtime.gates.hold('create');
    const creating = shim.create('exec sleep 1000');
    await held.reached;
    const cleaning = cleanup();
    held.release();
    const pid = await creating;
    assert.equal((await cleaning).pid, pid);
    assert.equal(shim.tasks.count, 0);
  });
});
