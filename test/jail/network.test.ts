import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { findJails } from '../../src/jail/jail/find.js';
import { interfaceFlags } from '../../src/kernel/freebsd/interface.js';
import { openPacketFilter, startPacketFilter } from '../../src/kernel/freebsd/pf-device.js';
import { enterJail } from '../../src/kernel/freebsd/launch.js';
import { listMounts } from '../../src/kernel/freebsd/mounts.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { turnOnForwarding } from '../../src/network/forwarding.js';
import { readNetworks } from '../../src/network/settings.js';
import { jailRuntime } from '../../src/jail/runtime.js';
import { leaseStore } from '../../src/store/leases.js';
import { portStore } from '../../src/store/ports.js';
import type { Release } from '../../src/kernel/bindings/types.js';
import { callAnchor } from '../model/pf-main.js';
import { RuntimeWorld } from './runtime-world.js';

/** What all containers of a network share stays. */
const shared = /jail-default|anchor containerd-shim-jail(\/network-default)?$/;

async function networkWorld(context: TestContext, release: Release): Promise<RuntimeWorld> {
  const world = new RuntimeWorld(release, {}, 'default');
  context.after(() => {
    world.close();
  });
  await run(world.tools.system, (b) => startPacketFilter(b, openPacketFilter(b)));
  await turnOnForwarding(world.tools.system, ['inet', 'inet6']);
  callAnchor(world.model.system, 'containerd-shim-jail/*');
  return world;
}

function left(world: RuntimeWorld): string[] {
  return world.left().filter((what) => !shared.test(what));
}

function leases({ networkStore }: RuntimeWorld): string[] {
  assert.ok(networkStore);
  return leaseStore(networkStore)
    .list()
    .filter(({ namespace }) => namespace !== '')
    .map(({ id }) => id);
}

/** The names of what is mounted on files of a folder. */
async function mountedIn(world: RuntimeWorld, folder: string): Promise<string[]> {
  const mounts = await listMounts(world.tools.system);
  return mounts
    .map(({ on }) => on)
    .filter((on) => dirname(on) === folder)
    .map((on) => basename(on))
    .sort();
}

for (const release of [12, 14, 15] as const) {
  suite(`the network of a container, on FreeBSD ${release}`, () => {
    test('is the one of the configuration, and goes with it', async (context) => {
      const world = await networkWorld(context, release);
      const annotations = {
        'containerd-shim-jail.ports': '8080:80',
        'containerd-shim-jail.addresses': '10.88.0.9',
      };
      const container = await world.runtime.create(await world.request({ annotations }));
      await container.start();
      const [jail] = await findJails(world.tools.system, ['default@web'], ['vnet']);
      assert.equal(jail?.values.vnet, 'new');
      const visitor = await world.tools.children.start(['null', 'null', 'null']);
      const inside = { kernel: visitor.kernel, bindings: world.tools.system.bindings };
      await run(inside, (b) => enterJail(b, jail.jid));
      assert.equal((await run(inside, (b) => interfaceFlags(b, 'eth0'))) & 1, 1);
      await visitor.abandon();
      const shown = await mountedIn(world, '/jails/web/rootfs/etc');
      // Before 13.2 files cannot be mounted: they are copied.
      assert.deepEqual(shown, release === 12 ? [] : ['hosts', 'resolv.conf']);
      assert.ok(world.networkStore);
      assert.deepEqual(
        portStore(world.networkStore)
          .list()
          .map(({ id, first }) => [id, first]),
        [['web', 8080]],
      );
      await container.remove();
      assert.deepEqual([left(world), leases(world), portStore(world.networkStore).list()], [[], [], []]);
    });

    test('is taken away by the journal alone', async (context) => {
      const world = await networkWorld(context, release);
      const request = await world.request();
      await (await world.runtime.create(request)).start();
      await world.runtime.cleanUp(request.key, request.bundle, request.journal);
      assert.deepEqual([left(world), leases(world), request.journal.entries()], [[], [], []]);
    });
  });
}

suite('a network that cannot be had', () => {
  const rows: [string, Record<string, string>, RegExp][] = [
    ['one that is not configured', { network: 'lan' }, /^network lan: there are only default$/],
    [
      'an address that is taken',
      { addresses: '10.88.0.1' },
      /^network default: address 10\.88\.0\.1 is taken by the gateway$/,
    ],
    ['an address elsewhere', { addresses: '192.0.2.1' }, /^network default: address 192\.0\.2\.1 is not in/],
    [
      'no address',
      { addresses: 'web' },
      /^annotation "?containerd-shim-jail\.addresses"?: "web" is not an address$/,
    ],
    ['no port', { ports: '80' }, /containerd-shim-jail\.ports"?: '80' is not of the form/],
    ['no name', { aliases: 'a b' }, /containerd-shim-jail\.aliases"?: "a b" is not a host's name$/],
  ];
  test('no address is left: RESOURCE_EXHAUSTED, and nothing else is', async (context) => {
    const world = await networkWorld(context, 14);
    const { networks } = world.tools;
    assert.ok(networks);
    const small = {
      ...networks,
      networks: readNetworks({ default: { ipv4: '10.5.0.0/30', interface: 'net0' } }),
    };
    const runtime = jailRuntime({ ...world.tools, networks: small });
    const [one, two] = [
      await world.request(),
      await world.request({}, { key: { namespace: 'default', id: 'other' } }),
    ];
    const first = await runtime.create(one);
    await assert.rejects(runtime.create(two), {
      name: 'RuntimeError',
      kind: 'exhausted',
      message: 'network default: no address of 10.5.0.0/30 is free',
    });
    if (!two.stdio.terminal) two.stdio.release();
    assert.deepEqual(two.journal.entries(), []);
    await first.remove();
    assert.deepEqual([left(world), leases(world)], [[], []]);
  });

  for (const [what, own, message] of rows) {
    test(`${what}: one line, and nothing is left`, async (context) => {
      const world = await networkWorld(context, 14);
      const annotations = Object.fromEntries(
        Object.entries(own).map(([name, value]) => [`containerd-shim-jail.${name}`, value]),
      );
      const request = await world.request({ annotations });
      await assert.rejects(world.runtime.create(request), { name: 'RuntimeError', message });
      if (!request.stdio.terminal) request.stdio.release();
      assert.deepEqual([left(world), leases(world), request.journal.entries()], [[], [], []]);
    });
  }
});
