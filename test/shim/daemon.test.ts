import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Daemon, TaskV2 } from '../../src/proto/generated/services.js';
import { containerStore } from '../../src/store/containers.js';
import { openStore } from '../../src/store/database.js';
import { leaseStore } from '../../src/store/leases.js';
import { openNetworkStore } from '../../src/store/network-database.js';
import { notLinux } from '../kernel/kernels.js';
import { tryLock } from '../../src/kernel/linux/descriptor.js';
import { folder, kernel } from '../task/stdio/fixture.js';
import { codeOf } from '../task/shim.js';
import { namespaceSocket } from '../../src/shim/namespace-sockets.js';
import { startDaemonProcess } from './program.js';

const { Reserve, Cleanup } = Daemon.methods;
const { Connect, State, Shutdown } = TaskV2.methods;
const key = { namespace: 'ns', id: 'box' };
const limits = { skip: notLinux, timeout: 60_000 };

/** What a daemon that was killed has left in the folder. */
function leftOver(detail?: unknown): (folder: string) => void {
  return (folder) => {
    const database = openStore(join(folder, 'state.db'));
    const store = containerStore(database);
    store.add(key, '/bundle');
    store.setPid(key, 4711);
    if (detail !== undefined) store.making(key, 'oci', detail);
    database.close();
  };
}

describe('a daemon', limits, () => {
  it('serves, reserves, and ends at SIGTERM without a trace', async (test) => {
    const daemon = startDaemonProcess(test, { config: 'log_file = "/dev/full"' });
    assert.equal(await daemon.told, 'ready\n');
    const client = daemon.connect();
    assert.equal(await codeOf(client.call(TaskV2.name, Connect, { id: 'box' })), 'NotFound');
    const { pid, socket } = await client.call(Daemon.name, Reserve, { ...key, bundle: daemon.folder });
    assert.equal(pid, daemon.child.pid);
    assert.equal(socket, namespaceSocket(daemon.folder, join(daemon.folder, 'containerd.sock'), 'ns'));
    assert.equal(statSync(socket).mode & 0o777, 0o600);
    assert.equal(
      await codeOf(daemon.connect(socket).call(TaskV2.name, State, { id: 'box', execId: '' })),
      'NotFound',
    );
    daemon.child.kill('SIGTERM');
    assert.equal(await daemon.ended, 0);
    assert.deepEqual([daemon.socket, socket, join(daemon.folder, 'state.db')].filter(existsSync), []);
    assert.equal(await daemon.log, '', 'not a word on what containerd reads as the answer of start');
  });

  it('takes back what is held for jails that are no more, and nothing of those that live', async (test) => {
    const daemon = startDaemonProcess(test, {
      program: 'shim/model-daemon.js',
      runDirectory: 'run',
      prepare: (path) => {
        mkdirSync(join(path, 'run'));
      },
    });
    assert.equal(await daemon.told, 'ready\n');
    const client = daemon.connect();
    assert.equal(await codeOf(client.call(TaskV2.name, Connect, { id: 'box' })), 'NotFound');
    daemon.child.kill('SIGTERM');
    // It ends when it has swept.
    assert.equal(await daemon.ended, 0);
    const log = await daemon.log;
    const store = openNetworkStore(join(daemon.folder, 'networks/networks.db'));
    const holders = leaseStore(store).list();
    store.close();
    assert.deepEqual([...new Set(holders.map(({ id }) => id))].sort(), ['alive', 'default'], log);
    const left = JSON.parse(/^left: (.*)$/m.exec(log)?.[1] ?? '[]') as string[];
    assert.ok(
      left.some((what) => /interface epair16384a/.test(what)),
      log,
    );
    assert.ok(!left.some((what) => /epair16385/.test(what)), log);
  });

  it('of one namespace has one socket', async (test) => {
    const daemon = startDaemonProcess(test, { config: 'grouping = "namespace"' });
    await daemon.told;
    const { socket } = await daemon.connect().call(Daemon.name, Reserve, { ...key, bundle: daemon.folder });
    assert.equal(socket, daemon.socket);
  });

  it('ends by itself when nobody needs it', async (test) => {
    const daemon = startDaemonProcess(test, {
      prepare: (folder) => {
        writeFileSync(join(folder, 'shim.toml'), `idle_seconds = 0\nlog_file = "${join(folder, 'log')}"\n`);
      },
    });
    await daemon.told;
    await daemon.connect().call(TaskV2.name, Shutdown, { id: 'box', now: false });
    assert.equal(await daemon.ended, 0);
    assert.equal(existsSync(daemon.socket), false);
    assert.match(readFileSync(join(daemon.folder, 'log'), 'utf8'), /"msg":"ends: no containers"/);
  });

  it('describes itself at SIGUSR1, and opens no debugger', async (test) => {
    const daemon = startDaemonProcess(test, {
      prepare: (folder) => {
        writeFileSync(join(folder, 'shim.toml'), `log_file = "${join(folder, 'log.txt')}"\n`);
      },
    });
    await daemon.told;
    daemon.child.kill('SIGUSR1');
    const line = /"msg":"holds 0 containers and \d+ bytes, \d+ of them heap, for \d+ s"/;
    while (!line.test(readFileSync(join(daemon.folder, 'log.txt'), 'utf8'))) await sleep(10);
    daemon.child.kill('SIGTERM');
    assert.equal(await daemon.ended, 0);
    assert.equal(await daemon.log, '', 'the debugger would say where it listens');
  });

  it('takes its run directory along, unless a launcher has locked it', async (test) => {
    for (const locked of [false, true]) {
      const run = join(folder(test), 'run');
      mkdirSync(join(run, 'oci', 'ns'), { recursive: true });
      const lock = openSync(join(run, 'lock'), 'w');
      test.after(() => {
        closeSync(lock);
      });
      if (locked) assert.ok(tryLock(kernel, lock));
      const args = ['-address', '/c', '-namespace', 'ns', '-socket', join(run, 's'), '-run-dir', run];
      const daemon = startDaemonProcess(test, { args });
      assert.equal(await daemon.told, 'ready\n');
      daemon.child.kill('SIGTERM');
      assert.equal(await daemon.ended, 0);
      assert.equal(existsSync(run), locked);
    }
  });

  it('ends for SIGINT too', async (test) => {
    const daemon = startDaemonProcess(test);
    await daemon.told;
    daemon.child.kill('SIGINT');
    assert.equal(await daemon.ended, 0);
  });

  it('removes first what one that was killed has left', async (test) => {
    const daemon = startDaemonProcess(test, { prepare: leftOver() });
    assert.equal(await daemon.told, 'ready\n');
    const cleanup = () => daemon.connect().call(Daemon.name, Cleanup, { ...key, bundle: '/bundle' });
    const { pid, exitStatus } = await cleanup();
    assert.deepEqual([pid, exitStatus], [4711, 137]);
    assert.equal((await cleanup()).pid, 0);
    daemon.child.kill('SIGTERM');
    await daemon.ended;
    assert.equal(existsSync(join(daemon.folder, 'state.db')), false);
    assert.equal(existsSync(join(daemon.folder, 'shim.toml')), true, 'what is not its own stays');
  });

  it('keeps on record what it could not remove', async (test) => {
    // Not what this runtime writes there.
    const daemon = startDaemonProcess(test, { prepare: leftOver('nonsense') });
    assert.equal(await daemon.told, 'ready\n');
    daemon.child.kill('SIGTERM');
    assert.equal(await daemon.ended, 0);
    const database = openStore(join(daemon.folder, 'state.db'));
    assert.equal(containerStore(database).list().length, 1);
    database.close();
  });

  it('serves also when its launcher was killed before it was ready', async (test) => {
    const daemon = startDaemonProcess(test, { launcherIsGone: true });
    const { pid } = await daemon.connect().call(Daemon.name, Reserve, { ...key, bundle: daemon.folder });
    assert.equal(pid, daemon.child.pid);
  });
});

describe('a daemon that cannot serve', limits, () => {
  const version = (folder: string): void => {
    const database = openStore(join(folder, 'state.db'));
    database.pragma('user_version = 99');
    database.close();
  };
  for (const [why, settings, message] of [
    ['for its configuration', { config: 'x = 1' }, /^error: .*shim\.toml: unknown key "x"\n$/],
    ['without arguments', { args: [] }, /^error: -address was not given\n$/],
    ['for its arguments', { args: ['-x', 'y'] }, /^error: unknown argument "-x"\n$/],
    ['for another’s store', { prepare: version }, /^error: store .*state\.db: schema version 99, .*\n$/],
    ['for its log', { config: 'log_file = "/none/log"' }, /^error: .*\/none\/log.*\n$/],
    [
      'for a run directory that is missing',
      { args: ['-address', '/a', '-socket', '/none/s', '-run-dir', '/none'] },
      /^error: store \/none\/state\.db: .*\n$/,
    ],
  ] as const) {
    it(`${why} says so in one line, and exits with 1`, async (test) => {
      const daemon = startDaemonProcess(test, settings);
      assert.match(await daemon.told, message);
      assert.equal(await daemon.ended, 1);
      assert.equal(await daemon.log, '');
    });
  }
});
