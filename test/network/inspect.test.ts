import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { inspectNetwork, listNetworks } from '../../src/network/inspect.js';
import { parsePorts } from '../../src/network/ports.js';
import { readyHost, start, stop } from './harness.js';

const lan = { ipv4: '10.5.0.0/24', ipv6: 'fd05::/64', nameservers: ['192.0.2.53'] };

suite('networks', () => {
  test('are listed with how much of each is in use', async () => {
    const host = await readyHost(14, { lan, other: { ipv4: '10.6.0.0/30' } });
    const web = await start(host, 'web', { network: 'lan' });
    const db = await start(host, 'db', { network: 'lan' });
    assert.deepEqual(listNetworks(host), [
      {
        name: 'lan',
        bridge: 'jail-lan',
        pools: [
          { pool: '10.5.0.0/24', gateway: '10.5.0.1', used: 2, usable: 253 },
          { pool: 'fd05::/64', gateway: 'fd05::1', used: 2, usable: 2 ** 32 - 2 },
        ],
      },
      {
        name: 'other',
        bridge: 'jail-other',
        pools: [{ pool: '10.6.0.0/30', gateway: '10.6.0.1', used: 0, usable: 1 }],
      },
    ]);
    await stop(host, web);
    await stop(host, db);
    host.close();
  });

  test('are inspected with who is in them', async () => {
    const host = await readyHost(14, { lan });
    const before = await inspectNetwork(host, 'lan');
    assert.deepEqual([before.mtu, before.up, before.members], [undefined, false, []]);
    const ports = parsePorts('publish', '8080:80,[2001:db8::1]:53:5353/udp');
    host.model.system.network.host.find('vtnet0')?.addresses6.push({
      address: Uint8Array.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
      prefix: 64,
      flags: 0,
      expired: false,
    });
    const web = await start(host, 'web', { network: 'lan', ports });
    const { outside, mtu, up, nameservers, members } = await inspectNetwork(host, 'lan');
    assert.deepEqual([outside, mtu, up, nameservers], ['vtnet0', 1500, true, ['192.0.2.53']]);
    assert.deepEqual(members, [
      {
        ...{ namespace: 'default', id: 'web', interface: 'eth0' },
        addresses: ['10.5.0.2', 'fd05::2'],
        ports: ['8080/tcp', '[2001:db8::1]:53/udp'],
      },
    ]);
    await stop(host, web);
    await assert.rejects(inspectNetwork(host, 'wan'), {
      kind: 'invalid',
      message: 'network "wan": there is none, only lan',
    });
    host.close();
  });
});
