import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  createInterface,
  destroyInterface,
  interfaceMtu,
  renameInterface,
  setInterfaceDescription,
  setInterfaceMtu,
} from '../../src/kernel/freebsd/interface.js';
import type { Kernel } from '../../src/kernel/kernel.js';
import { ensureBridge } from '../../src/network/bridge.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { readyHost, start, stop, type Container, type TestHost } from './harness.js';

const ipv4 = '10.5.0.0/24';

/** The MTU of the bridge, of the host's half of a container's pair, and of the jail's. */
async function mtus(host: TestHost, bridge: string, { jid, ledger }: Container): Promise<number[]> {
  const pair = ledger.entries.find(({ kind }) => kind === 'pair');
  const { unit } = pair?.detail as { unit: number };
  const outside = await run(host.system, (b) => [interfaceMtu(b, bridge), interfaceMtu(b, `epair${unit}a`)]);
  return [...outside, await host.within(jid, (inside) => run(inside, (b) => interfaceMtu(b, 'eth0')))];
}

suite('the MTU of a network', () => {
  const rows: [what: string, table: object, uplink: number, mtu: number][] = [
    ['is that of the interface by which packets leave', {}, 1400, 1400],
    ['is that which is configured', { mtu: 1300 }, 1400, 1300],
    ['is 1500 where nothing leaves', { outside: 'none' }, 1400, 1500],
    ['is as large as the uplink’s', {}, 9000, 9000],
    ['is no smaller than IPv6 wants', { ipv6: 'fd05::/64' }, 1000, 1280],
  ];
  for (const [what, table, uplink, mtu] of rows) {
    test(`${what}, for all that is on its bridge`, async () => {
      const host = await readyHost(14, { lan: { ipv4, ...table } });
      await run(host.system, (b) => setInterfaceMtu(b, 'vtnet0', uplink));
      const one = await start(host, 'one', { network: 'lan' });
      const two = await start(host, 'two', { network: 'lan' });
      assert.deepEqual(await mtus(host, 'jail-lan', one), [mtu, mtu, mtu]);
      assert.deepEqual(await mtus(host, 'jail-lan', two), [mtu, mtu, mtu]);
      assert.equal(two.connection.mtu, mtu);
      await stop(host, one);
      await stop(host, two);
      host.close();
    });
  }

  test('of a bridge that is there stays, if none is configured', async () => {
    const host = await readyHost(14, { lan: { ipv4, bridge: 'bridge7' } });
    await run(host.system, (b) => [createInterface(b, 'bridge7'), setInterfaceMtu(b, 'bridge7', 1400)]);
    const web = await start(host, 'web', { network: 'lan' });
    assert.deepEqual(await mtus(host, 'bridge7', web), [1400, 1400, 1400]);
    await stop(host, web);
    host.close();
  });

  test('changes with the configuration, but not while containers have another', async () => {
    const host = await readyHost(14, { lan: { ipv4, mtu: 1400 } });
    const one = await start(host, 'one', { network: 'lan' });
    const networks = host.networks.map((network) => ({ ...network, mtu: 1500 }));
    const changed: TestHost = { ...host, networks };
    await assert.rejects(start(changed, 'two', { network: 'lan' }), {
      kind: 'lacking',
      message:
        /^network lan: bridge jail-lan and its members have an MTU of 1400, not 1500 as configured: it can change when/,
    });
    host.leases.release({ namespace: 'default', id: 'two' });
    await stop(host, one);
    const three = await start(changed, 'three', { network: 'lan' });
    assert.deepEqual(await mtus(host, 'jail-lan', three), [1500, 1500, 1500]);
    await stop(host, three);
    host.close();
  });
});

suite('the bridge of a network', () => {
  test('is made once, whatever a program has left that was killed while it made it', async () => {
    const host = await readyHost(14, { lan: { ipv4 } });
    const before = host.model.system.network.host.interfaces.length;
    // Each call but the last leaves an unfinished bridge, as the program that should destroy it is gone.
    for (let n = 1; ; n++) {
      const { faults } = host.model;
      const kernel: Kernel = {
        ...host.system.kernel,
        platform: 'freebsd',
        run: async (batch) => {
          if (faults.failed !== undefined) throw new Error('killed');
          return host.model.kernel.run(batch);
        },
      };
      faults.failNth(n, 'EINTR');
      const killed = ensureBridge(
        { ...host, system: { ...host.system, kernel } },
        host.networks[0] ?? never(),
      );
      const outcome = await killed.then(
        () => 'made',
        () => 'killed',
      );
      faults.failNth(0, '');
      if (outcome === 'made') break;
      await ensureBridge(host, host.networks[0] ?? never());
      const { interfaces } = host.model.system.network.host;
      assert.equal(interfaces.length, before + 1, interfaces.map(({ name }) => name).join());
      await run(host.system, (b) => destroyInterface(b, 'jail-lan'));
    }
    host.close();
  });

  test('has a number that no bridge of another name has', async () => {
    const host = await readyHost(14, { lan: { ipv4 } });
    await ensureBridge(host, host.networks[0] ?? never());
    await run(host.system, (b) => renameInterface(b, 'jail-lan', 'theirs'));
    await ensureBridge(host, host.networks[0] ?? never());
    await run(host.system, (b) => [interfaceMtu(b, 'jail-lan'), interfaceMtu(b, 'theirs')]);
    host.close();
  });

  test('is not one that somebody made under such a number', async () => {
    const host = await readyHost(14, { lan: { ipv4 } });
    await ensureBridge(host, host.networks[0] ?? never());
    const unit = host.model.system.network.host.find('jail-lan')?.unit ?? 0;
    await run(host.system, (b) => [
      destroyInterface(b, 'jail-lan'),
      createInterface(b, `bridge${unit}`),
      setInterfaceDescription(b, `bridge${unit}`, 'mine'),
    ]);
    await ensureBridge(host, host.networks[0] ?? never());
    await run(host.system, (b) => interfaceMtu(b, `bridge${unit}`));
    host.close();
  });
});

function never(): never {
  throw new Error('no network');
}
