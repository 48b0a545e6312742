import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { findJails } from '../../src/jail/jail/find.js';
import { parseConfig } from '../../src/shim/config.js';
import { openJailHost } from '../../src/shim/jail-host.js';
import { createLeftOvers } from '../../src/shim/left-over.js';
import { storedJournal } from '../../src/shim/records.js';
import { keepToBoot } from '../../src/store/boot.js';
import { containerStore } from '../../src/store/containers.js';
import { openStore } from '../../src/store/database.js';
import type { Host } from '../../src/shim/host.js';
import { RuntimeWorld } from '../jail/runtime-world.js';
import { modelChildren } from '../model/children.js';
import { folder } from '../task/stdio/fixture.js';

/** The host that the daemon opens on FreeBSD, on a simulated one. */
async function open(
  test: TestContext,
  world: RuntimeWorld,
  reports: string[],
  more = '',
): Promise<[Host, string]> {
  const above = folder(test);
  const runDirectory = join(above, '0123456789abcdef');
  mkdirSync(runDirectory);
  const { kernel, freebsd } = world.model;
  const host = await openJailHost(
    { kernel, bindings: freebsd.bindings },
    {
      config: parseConfig(`network = "none"\n${more}`, 'shim.toml'),
      runDirectory,
      warn: (_key, message) => reports.push(message),
      report: (error) => reports.push(String(error)),
    },
    () => modelChildren(world.model),
  );
  return [host, above];
}

for (const release of [12, 14, 15] as const) {
  it(`makes a jail on FreeBSD ${release}, as the daemon would, and leaves nothing`, async (test) => {
    const world = new RuntimeWorld(release);
    const reports: string[] = [];
    const [host, above] = await open(test, world, reports);
    const listeners = process.listenerCount('SIGCHLD');
    await host.adopt();
    assert.equal(process.listenerCount('SIGCHLD'), listeners + 1);
    const container = await host.runtime.create(await world.request());
    await container.start();
    assert.equal(world.process(container.init).executed?.path, '/usr/local/bin/httpd');
    await container.signalAll(9);
    assert.equal((await container.init.exited).status, 137);
    await container.remove();
    await host.close();
    assert.equal(process.listenerCount('SIGCHLD'), listeners, 'nobody collects orphans any more');
    assert.deepEqual(world.left(), []);
    assert.deepEqual(reports, []);
    assert.ok(readdirSync(join(above, 'networks')).includes('networks.db'), 'other daemons share it');
  });

  it(`removes on FreeBSD ${release} what a daemon that died has left`, async (test) => {
    const world = new RuntimeWorld(release);
    const reports: string[] = [];
    const request = await world.request();
    await world.runtime.create(request);
    world.daemonDied();
    const [host] = await open(test, world, reports);
    await host.runtime.cleanUp(request.key, request.bundle, request.journal);
    await host.close();
    assert.deepEqual(request.journal.entries(), []);
    assert.deepEqual(world.left(), []);
    assert.deepEqual(reports, []);
  });
}

it('tells Linux programs the release of the configuration, unless the container asks for another', async (test) => {
  const world = new RuntimeWorld(14, { loadable: ['linux64'] });
  const [host] = await open(test, world, [], 'linux_release = "5.15.0"');
  const asked: [annotations: object, release: string][] = [
    [{}, '5.15.0'],
    [{ 'containerd-shim-jail.linux.osrelease': '4.4.0' }, '4.4.0'],
  ];
  for (const [annotations, release] of asked) {
    const request = await world.request({
      annotations: { 'containerd-shim-jail.os': 'linux', ...annotations },
    });
    const container = await host.runtime.create(request);
    const [jail] = await findJails(world.tools.system, ['default@web'], ['linux.osrelease']);
    assert.equal(jail?.values['linux.osrelease'], release);
    await container.remove();
  }
  await host.close();
});

it('lets a hook that says nothing of a timeout take as long as the configuration says', async (test) => {
  const world = new RuntimeWorld(14);
  const [host] = await open(test, world, [], 'hook_seconds = 1');
  const request = await world.request({
    hooks: { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', 'exec sleep 1000'] }] },
  });
  await assert.rejects(host.runtime.create(request), {
    message: 'hooks.createRuntime[0]: /bin/sh took more than 1 s',
  });
  assert.equal(request.stdio.terminal, false);
  if (!request.stdio.terminal) request.stdio.release();
  await host.close();
  assert.deepEqual(world.left(), []);
});

it('leaves alone, after a reboot, what has the names and numbers of what was there before', async (test) => {
  const database = openStore(':memory:');
  test.after(() => database.close());
  const store = containerStore(database);
  const key = { namespace: 'default', id: 'web' };
  const before = new RuntimeWorld(14);
  const [first] = await open(test, before, []);
  assert.equal(keepToBoot(database, first.boot), 0);
  store.add(key, '/jails/web');
  await first.runtime.create(await before.request({}, { journal: storedJournal(store, key) }));
  await first.close();

  // Another daemon's container of the same name, and mounts of the same numbers, on the machine that was booted anew.
  const after = new RuntimeWorld(14);
  after.model.system.clock.booted += 7_200_000_000n;
  await (await after.runtime.create(await after.request())).start();
  const there = after.remains();
  const [second] = await open(test, after, []);
  assert.equal(keepToBoot(database, second.boot), 1);
  await createLeftOvers(store, second.runtime, () => undefined).done;
  await second.close();
  assert.deepEqual([after.remains(), store.list()], [there, []]);
});
