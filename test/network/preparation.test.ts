import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { addIPv4Address, addIPv6Address } from '../../src/kernel/freebsd/address.js';
import { createInterface } from '../../src/kernel/freebsd/interface.js';
import { openPacketFilter, startPacketFilter } from '../../src/kernel/freebsd/pf-device.js';
import { addRoute } from '../../src/kernel/freebsd/route.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { readSysctlInt, writeSysctlInt } from '../../src/kernel/freebsd/sysctl.js';
import { connect } from '../../src/network/connect.js';
import { parsePorts } from '../../src/network/ports.js';
import { callAnchor } from '../model/pf-main.js';
import { fileSystems } from '../model/system.js';
import { makeJail, openHost, readyHost, request, start, stop, TestLedger, type TestHost } from './harness.js';

const lan = { ipv4: '10.5.0.0/24', ipv6: 'fd05::/64' };
const [v4, v6] = ['net.inet.ip.forwarding', 'net.inet6.ip6.forwarding'] as const;

/** Has a container of the network `lan` refused: with this message, and before anything is made. */
async function refused(host: TestHost, message: RegExp, kind: string, ports = ''): Promise<void> {
  const jid = await makeJail(host, 'web');
  const before = host.model.remains();
  const ledger = new TestLedger();
  const asked = request('web', jid, { network: 'lan', ports: parsePorts('publish', ports) });
  await assert.rejects(connect(host, ledger, asked), { name: 'NetworkError', kind, message });
  assert.deepEqual(host.model.remains(), before);
  assert.deepEqual(ledger.entries, []);
  assert.deepEqual(host.leases.list(), []);
  host.close();
}

suite('networks that are the host’s own', () => {
  const rows: [what: string, make: (host: TestHost) => Promise<unknown>, message: RegExp][] = [
    [
      'one that an interface is in',
      ({ system }) => run(system, (b) => addIPv4Address(b, 'vtnet0', { address: '10.5.0.77', prefix: 25 })),
      /^network lan: 10\.5\.0\.0\/24 overlaps the network of interface vtnet0 \(10\.5\.0\.77\/25\) of this host: configure another ipv4 for it$/,
    ],
    [
      'part of a larger one',
      ({ system }) => run(system, (b) => addIPv4Address(b, 'vtnet0', { address: '10.1.2.3', prefix: 8 })),
      /overlaps the network of interface vtnet0 \(10\.1\.2\.3\/8\)/,
    ],
    [
      'one of IPv6',
      ({ system }) => run(system, (b) => addIPv6Address(b, 'vtnet0', { address: 'fd05::77', prefix: 56 })),
      /fd05::\/64 overlaps the network of interface vtnet0 \(fd05::77\/56\) of this host: configure another ipv6/,
    ],
    [
      'one that a route leads to',
      ({ system }) =>
        run(system, (b) =>
          addRoute(b, {
            family: 'IPv4',
            network: { address: '10.5.0.0', prefix: 16 },
            gateway: '192.0.2.1',
          }),
        ),
      /10\.5\.0\.0\/24 overlaps the route to 10\.5\.0\.0\/16 of this host/,
    ],
  ];
  for (const [what, make, message] of rows) {
    test(`are refused: ${what}`, async () => {
      const host = await readyHost(14, { lan });
      await make(host);
      await refused(host, message, 'invalid');
    });
  }

  test('are not those of the bridge, nor what only the default route leads to', async () => {
    const host = await readyHost(14, { lan: { ...lan, bridge: 'bridge7' } });
    await run(host.system, (b) => [
      createInterface(b, 'bridge7'),
      addIPv4Address(b, 'bridge7', { address: '10.5.0.1', prefix: 24 }),
      addRoute(b, { family: 'IPv4', network: { address: '10.5.0.128', prefix: 25 }, gateway: '10.5.0.2' }),
    ]);
    await stop(host, await start(host, 'web', { network: 'lan' }));
    host.close();
  });

  test('are looked for once', async () => {
    const host = await readyHost(14, { lan });
    const one = await start(host, 'one', { network: 'lan' });
    await run(host.system, (b) => addIPv4Address(b, 'vtnet0', { address: '10.5.0.77', prefix: 25 }));
    const two = await start(host, 'two', { network: 'lan' });
    await stop(host, one);
    await stop(host, two);
    host.close();
  });
});

suite('modules', () => {
  test('are loaded if they are not there', async () => {
    const modules = [...fileSystems, 'pf'];
    const host = await openHost(14, { lan }, { modules, loadable: ['if_bridge', 'if_epair'] });
    await stop(host, await start(host, 'web', { network: 'lan' }));
    assert.ok(host.model.system.modules.has('if_bridge') && host.model.system.modules.has('if_epair'));
    host.close();
  });

  test('that cannot be had are named, with what can be done', async () => {
    const host = await openHost(14, { lan }, { modules: [...fileSystems, 'if_bridge'], loadable: [] });
    await refused(
      host,
      /^kldload: module if_epair: ENOENT: 'kldload if_epair' loads it, and if_epair_load="YES" in \/boot\/loader\.conf at each boot$/,
      'lacking',
    );
  });

  test('of the packet filter is only loaded where the configuration says so', async () => {
    const modules = [...fileSystems, 'if_bridge', 'if_epair'];
    for (const prepare_host of [false, true]) {
      const host = await openHost(14, { lan: { ...lan, prepare_host } }, { modules, loadable: ['pf'] });
      await stop(host, await start(host, 'web', { network: 'lan' }));
      assert.equal(host.model.system.modules.has('pf'), prepare_host);
      assert.match(
        host.warnings[0] ?? '',
        prepare_host ? /packet filter is not enabled/ : /there is no packet filter/,
      );
      host.close();
    }
  });
});

suite('forwarding', () => {
  /** A host whose packet filter is ready, and which forwards what is said. */
  async function forwarding(on: object, networks: object): Promise<TestHost> {
    const host = await openHost(14, networks);
    await run(host.system, (b) => startPacketFilter(b, openPacketFilter(b)));
    callAnchor(host.model.system, 'containerd-shim-jail/*');
    for (const name of Object.keys(on)) await run(host.system, (b) => writeSysctlInt(b, name, 1));
    return host;
  }

  test('that is off is said once, and what turns it on', async () => {
    const host = await forwarding({}, { lan });
    for (const id of ['one', 'two']) await stop(host, await start(host, id, { network: 'lan' }));
    assert.deepEqual(host.warnings, [
      `containers reach no network but their own: ${v4} and ${v6} are 0, so this host passes no packets on: ` +
        `'sysctl ${v4}=1 ${v6}=1' turns it on, and gateway_enable="YES" and ipv6_gateway_enable="YES" in /etc/rc.conf at each boot`,
    ]);
    host.close();
  });

  test('of one family that is off keeps no port of the other from being published', async () => {
    const host = await forwarding({ [v4]: 1 }, { lan });
    const web = await start(host, 'web', { network: 'lan', ports: parsePorts('publish', '8080:80') });
    assert.match(host.warnings[0] ?? '', /^containers reach no network but their own by IPv6: .*is 0/);
    await stop(host, web);
    host.close();
  });

  test('that is off keeps ports from being published', async () => {
    await refused(
      await forwarding({ [v6]: 1 }, { lan }),
      /^ports cannot be published: net\.inet\.ip\.forwarding is 0, so this host passes no packets on: 'sysctl net\.inet\.ip\.forwarding=1' turns it on/,
      'lacking',
      '8080:80',
    );
    await refused(
      await forwarding({ [v4]: 1 }, { lan }),
      /^ports cannot be published: net\.inet6\.ip6\.forwarding is 0/,
      'lacking',
      '[::]:8080:80',
    );
  });

  test('is turned on where the configuration says so', async () => {
    const host = await forwarding({}, { lan: { ...lan, prepare_host: true } });
    await stop(host, await start(host, 'web', { network: 'lan', ports: parsePorts('publish', '8080:80') }));
    assert.deepEqual(await run(host.system, (b) => [readSysctlInt(b, v4), readSysctlInt(b, v6)]), [1, 1]);
    assert.deepEqual(host.warnings, []);
    host.close();
  });

  test('is nobody’s business in a network without an outside', async () => {
    const host = await openHost(14, { lan: { ...lan, outside: 'none' } });
    await stop(host, await start(host, 'web', { network: 'lan' }));
    assert.deepEqual(host.warnings, []);
    host.close();
  });
});
