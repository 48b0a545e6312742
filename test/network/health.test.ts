import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { addIPv4Address } from '../../src/kernel/freebsd/address.js';
import { openPacketFilter, startPacketFilter } from '../../src/kernel/freebsd/pf-device.js';
import { deleteRoute } from '../../src/kernel/freebsd/route.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { networkHealth, type HealthCheck } from '../../src/network/health.js';
import { fileSystems } from '../model/system.js';
import { openHost, readyHost, type TestHost } from './harness.js';

async function wrong(host: TestHost): Promise<HealthCheck[]> {
  return (await networkHealth(host.system, host.networks)).filter(({ ok }) => !ok);
}

const names = (checks: readonly HealthCheck[]): string[] => checks.map(({ name }) => name);

suite('the health of networks', () => {
  test('is well where all was done that the documentation asks for', async () => {
    const host = await readyHost();
    const before = host.model.remains();
    const checks = await networkHealth(host.system, host.networks);
    assert.deepEqual(
      checks,
      names(checks).map((name) => ({ name, ok: true })),
    );
    assert.deepEqual(names(checks), [
      ...['module if_bridge', 'module if_epair', 'module pf', 'packet filter', 'anchors in pf.conf'],
      ...['forwarding of IPv4', 'forwarding of IPv6', 'default route', 'addresses of network default'],
    ]);
    assert.deepEqual(host.model.remains(), before, 'nothing is changed');
    host.close();
  });

  test('says what is missing on a host where nothing was done, and what to do', async () => {
    const host = await openHost();
    await run(host.system, (b) => deleteRoute(b, { family: 'IPv4' }));
    const checks = await wrong(host);
    assert.deepEqual(names(checks), [
      ...['packet filter', 'anchors in pf.conf', 'forwarding of IPv4', 'forwarding of IPv6', 'default route'],
    ]);
    const [filter, anchors, forwarding] = checks;
    assert.match(filter?.remedy ?? '', /^pf_enable="YES" in \/etc\/rc\.conf and 'service pf start'/);
    assert.equal(
      anchors?.remedy,
      "add these lines to /etc/pf.conf, translation before filter rules, and load it with 'pfctl -f /etc/pf.conf': " +
        'nat-anchor "containerd-shim-jail/*", rdr-anchor "containerd-shim-jail/*", anchor "containerd-shim-jail/*"',
    );
    assert.match(forwarding?.problem ?? '', /^net\.inet\.ip\.forwarding is 0/);
    for (const { problem, remedy } of checks) {
      assert.ok(problem !== undefined && remedy !== undefined);
      assert.doesNotMatch(problem + remedy, /\n/);
    }
    host.close();
  });

  test('knows modules that are not there', async () => {
    const host = await openHost(14, undefined, { modules: [...fileSystems] });
    assert.deepEqual(names(await wrong(host)).slice(0, 3), [
      'module if_bridge',
      'module if_epair',
      'module pf',
    ]);
    host.close();
  });

  test('knows a network that is the host’s own', async () => {
    const host = await readyHost();
    await run(host.system, (b) => addIPv4Address(b, 'vtnet0', { address: '10.88.7.7', prefix: 24 }));
    const [check, ...others] = await wrong(host);
    assert.deepEqual(others, []);
    assert.equal(check?.name, 'addresses of network default');
    assert.match(check.problem ?? '', /10\.88\.0\.0\/16 overlaps the network of interface vtnet0/);
    host.close();
  });

  test('asks for no translation where none is wanted', async () => {
    const host = await openHost(14, { lan: { ipv4: '10.5.0.0/24', outside: 'none' } });
    assert.deepEqual(await wrong(host), []);
    assert.deepEqual(await networkHealth(host.system, []), []);
    host.close();
  });

  test('is told also if the packet filter runs without anchors', async () => {
    const host = await openHost(15);
    await run(host.system, (b) => startPacketFilter(b, openPacketFilter(b)));
    assert.equal((await wrong(host))[0]?.name, 'anchors in pf.conf');
    host.close();
  });
});
