import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { addIPv4Address } from '../../src/kernel/freebsd/address.js';
import { parseIPv4 } from '../../src/kernel/freebsd/ip.js';
import { createInterface, interfaceIndex, interfaceMtu } from '../../src/kernel/freebsd/interface.js';
import { listAnchors } from '../../src/kernel/freebsd/pf-anchor.js';
import { openPacketFilter, startPacketFilter } from '../../src/kernel/freebsd/pf-device.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { turnOnForwarding } from '../../src/network/forwarding.js';
import { changeRoute } from '../../src/kernel/freebsd/route.js';
import { loadedRules } from '../../src/network/loaded-rules.js';
import { connect } from '../../src/network/connect.js';
import { parsePorts } from '../../src/network/ports.js';
import type { PfState } from '../model/pf-state.js';
import { redirected, sourceGiven, type Asked, type Packet } from '../model/pf-evaluate.js';
import {
  leave,
  makeJail,
  openHost,
  readyHost,
  request,
  start,
  stop,
  TestLedger,
  type TestHost,
} from './harness.js';

const tcp = 6;

function asked({ model }: TestHost): Asked {
  return { vnet: model.system.network.host, bindings: model.system.bindings };
}

function packet(direction: 'in' | 'out', on: string, from: string, to: string, port: number): Packet {
  const end = (address: string, number: number): Packet['source'] => {
    return { address: parseIPv4('address', address), port: number };
  };
  return { direction, interface: on, protocol: tcp, source: end(from, 40000), destination: end(to, port) };
}

for (const release of [12, 14, 15] as const) {
  suite(`a container on a network of FreeBSD ${release}`, () => {
    test('has its interface, addresses and routes, and all goes with it', async () => {
      const host = await readyHost(release);
      const web = await start(host, 'web');
      assert.deepEqual(web.connection.addresses, [
        { family: 'inet', address: '10.88.0.2', prefix: 16, gateway: '10.88.0.1' },
        { family: 'inet6', address: 'fd6a:6169:6c00:88::2', prefix: 64, gateway: 'fd6a:6169:6c00:88::1' },
      ]);
      await host.within(web.jid, async (inside) => {
        const [index, mtu] = await run(inside, (b) => [interfaceIndex(b, 'eth0'), interfaceMtu(b, 'eth0')]);
        assert.ok(index > 0);
        assert.equal(mtu, 1500);
      });
      // Neither does a member of the bridge give itself one.
      const addresses = host.remains().filter((what) => / of epair/.test(what));
      assert.deepEqual(addresses, []);
      await stop(host, web);
      assert.deepEqual(web.ledger.entries, []);
      assert.deepEqual(
        host.leases.list().filter(({ namespace }) => namespace !== ''),
        [],
      );
      assert.deepEqual(host.remains(), []);
      assert.deepEqual(host.warnings, []);
      host.close();
    });
  });
}

suite('the rules of a network', () => {
  test('follow the interface by which packets leave the host', async () => {
    const host = await readyHost();
    const one = await start(host, 'one');
    await run(host.system, (b) => [
      createInterface(b, 'epair7'),
      addIPv4Address(b, 'epair7a', { address: '203.0.113.2', prefix: 24 }),
      changeRoute(b, { family: 'IPv4', gateway: '203.0.113.1' }),
    ]);
    const two = await start(host, 'two');
    const [shared] = await loadedRules(host.system, ['default'], host.leases);
    assert.match(shared?.rules[0] ?? '', /^nat on epair7a inet from 10\.88\.0\.0\/16 .* -> \(epair7a:0\)$/);
    await stop(host, one);
    await stop(host, two);
    host.close();
  });
});

suite('states', () => {
  /** A connection that has left by translation: PF has the source of what goes out second. */
  function translated(id: bigint, address: string): PfState {
    const side = (source: string, port: number): PfState['wire'] => ({
      addresses: [parseIPv4('address', '198.51.100.7'), parseIPv4('address', source)],
      ports: [443, port],
    });
    const what = { family: 2, protocol: tcp, direction: 2, interface: 'vtnet0', label: '' };
    return { id, ...what, wire: side('192.0.2.10', 50_000 + Number(id)), stack: side(address, 40_000) };
  }

  for (const release of [12, 14, 15] as const) {
    test(`of a container end with it, and no others, on FreeBSD ${release}`, async () => {
      const host = await readyHost(release);
      const web = await start(host, 'web');
      const db = await start(host, 'db');
      const { filter } = host.model.system.network.host;
      filter.states.push(translated(1n, '10.88.0.2'), translated(2n, '10.88.0.3'));
      await stop(host, web);
      assert.deepEqual(
        filter.states.map(({ id }) => id),
        [2n],
      );
      await stop(host, db);
      host.close();
    });
  }
});

suite('packets', () => {
  test('to the internet leave with the address of the host, and to neighbours with their own', async () => {
    const host = await readyHost();
    const web = await start(host, 'web');
    const source = (to: string, on: string): string | undefined =>
      sourceGiven(asked(host), packet('out', on, '10.88.0.2', to, 443))?.join('.');
    assert.equal(source('198.51.100.7', 'vtnet0'), '192.0.2.10');
    assert.equal(source('10.88.0.3', 'jail-default'), undefined);
    await stop(host, web);
    host.close();
  });

  test('to a published port reach the container, unless the administrator blocks them', async () => {
    const host = await readyHost();
    const web = await start(host, 'web', { ports: parsePorts('publish', '8080:80') });
    const from = packet('in', 'vtnet0', '198.51.100.7', '192.0.2.10', 8080);
    const to = redirected(asked(host), from);
    assert.deepEqual([to?.address.join('.'), to?.port], ['10.88.0.2', 80]);
    assert.equal(
      redirected(asked(host), packet('in', 'vtnet0', '198.51.100.7', '192.0.2.11', 8080)),
      undefined,
    );
    assert.equal(
      redirected(asked(host), packet('in', 'vtnet0', '198.51.100.7', '192.0.2.10', 80)),
      undefined,
    );
    await stop(host, web);
    assert.equal(redirected(asked(host), from), undefined);
    assert.deepEqual(await listAnchors(host.system, 'containerd-shim-jail'), ['network-default']);
    host.close();
  });
});

suite('names', () => {
  test('containers of a network find each other, and not those that are gone', async () => {
    const host = await readyHost();
    const web = await start(host, 'web', { names: ['web', 'www'] });
    const db = await start(host, 'db');
    const lines = (): string[] => readFileSync(host.hosts.pathOf('default'), 'utf8').split('\n').slice(2, -1);
    assert.deepEqual(lines(), [
      '10.88.0.3\tdb',
      'fd6a:6169:6c00:88::3\tdb',
      '10.88.0.2\tweb www',
      'fd6a:6169:6c00:88::2\tweb www',
    ]);
    await stop(host, web);
    assert.deepEqual(lines(), ['10.88.0.3\tdb', 'fd6a:6169:6c00:88::3\tdb']);
    await stop(host, db);
    assert.deepEqual(lines(), []);
    host.close();
  });
});

suite('what a host lacks', () => {
  test('without a running packet filter containers have a network of their own, and it is said once', async () => {
    const host = await openHost();
    await turnOnForwarding(host.system, ['inet', 'inet6']);
    const one = await start(host, 'one');
    const two = await start(host, 'two');
    assert.equal(host.warnings.length, 1);
    assert.match(
      host.warnings[0] ?? '',
      /^containers reach no network but their own: the packet filter is not enabled/,
    );
    await assert.rejects(start(host, 'web', { ports: parsePorts('publish', '8080:80') }), {
      message: /^ports cannot be published: the packet filter is not enabled/,
    });
    await stop(host, one);
    await stop(host, two);
    host.close();
  });

  test('an anchor that nobody calls is told with the lines to add', async () => {
    const host = await openHost();
    await turnOnForwarding(host.system, ['inet', 'inet6']);
    await run(host.system, (b) => startPacketFilter(b, openPacketFilter(b)));
    const one = await start(host, 'one');
    assert.match(host.warnings[0] ?? '', /add 'nat-anchor "containerd-shim-jail\/\*"' to \/etc\/pf\.conf/);
    await assert.rejects(start(host, 'web', { ports: parsePorts('publish', '8080:80') }), {
      message: /^ports cannot be published: .*'rdr-anchor "containerd-shim-jail\/\*"'/,
    });
    await stop(host, one);
    host.close();
  });
});

suite('refused', () => {
  test('a port that another container has, before anything is made', async () => {
    const host = await readyHost();
    const web = await start(host, 'web', { ports: parsePorts('publish', '8080-8090:80-90') });
    const jid = await makeJail(host, 'other');
    const before = host.model.remains();
    const ledger = new TestLedger();
    await assert.rejects(
      connect(host, ledger, request('other', jid, { ports: parsePorts('publish', '8085:80') })),
      {
        message:
          'publish 8085:80/tcp: tcp ports 8080-8090 of the host leads to container default/web already',
      },
    );
    assert.deepEqual(host.model.remains(), before);
    await leave(host, 'other', ledger);
    assert.deepEqual(ledger.entries, []);
    await stop(host, web);
    host.close();
  });

  test('a network that there is not', async () => {
    const host = await readyHost();
    await assert.rejects(start(host, 'web', { network: 'lan' }), {
      message: 'network "lan": there is none, only default',
    });
    host.close();
  });
});

suite('somebody else’s', () => {
  test('epair of our numbers is left alone, and another number taken', async () => {
    const host = await readyHost();
    await run(host.system, (b) => createInterface(b, 'epair16384'));
    const web = await start(host, 'web');
    const [pair] = web.ledger.entries.filter(({ kind }) => kind === 'pair');
    assert.equal((pair?.detail as { unit: number }).unit, 16385);
    await stop(host, web);
    await run(host.system, (b) => interfaceIndex(b, 'epair16384a'));
    host.close();
  });

  test('bridge of the name is used as it is', async () => {
    const host = await readyHost(14, { lan: { ipv4: '10.5.0.0/24', bridge: 'bridge7' } });
    await run(host.system, (b) => [
      createInterface(b, 'bridge7'),
      addIPv4Address(b, 'bridge7', { address: '10.5.0.1', prefix: 24 }),
    ]);
    const web = await start(host, 'web', { network: 'lan' });
    assert.equal(web.connection.addresses[0]?.address, '10.5.0.2');
    await stop(host, web);
    host.close();
  });
});
