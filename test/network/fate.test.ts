import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { addIPv6Address } from '../../src/kernel/freebsd/address.js';
import { removeBridgeMember } from '../../src/kernel/freebsd/bridge.js';
import { openPacketFilter, startPacketFilter } from '../../src/kernel/freebsd/pf-device.js';
import { addRoute } from '../../src/kernel/freebsd/route.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { writeSysctlInt } from '../../src/kernel/freebsd/sysctl.js';
import { turnOnForwarding } from '../../src/network/forwarding.js';
import { parsePorts } from '../../src/network/ports.js';
import type { Release } from '../../src/kernel/bindings/types.js';
import { blockAll } from '../model/pf-main.js';
import { sendFromJail, sendFromOutside } from './fate.js';
import { openHost, readyHost, start, stop, type TestHost } from './harness.js';

const [out4, out6] = ['198.51.100.7', '2001:db8:ffff::7'];
const ipv6 = '2001:db8::10';

/** A host in the world of both families, with two containers, one of which publishes a port. */
async function withTwo(release: Release, body: (host: TestHost) => Promise<void>): Promise<void> {
  const host = await readyHost(release);
  await run(host.system, (b) => [
    addIPv6Address(b, 'vtnet0', { address: ipv6, prefix: 64 }),
    addRoute(b, { family: 'IPv6', gateway: '2001:db8::1' }),
  ]);
  const web = await start(host, 'web', { ports: parsePorts('publish', '8080:80,9000-9010:90-100') });
  const db = await start(host, 'db');
  await body(host);
  await stop(host, web);
  await stop(host, db);
  host.close();
}

const web = { v4: '10.88.0.2', v6: 'fd6a:6169:6c00:88::2' };
const db = { v4: '10.88.0.3', v6: 'fd6a:6169:6c00:88::3' };

for (const release of [12, 14, 15] as const) {
  suite(`a packet on FreeBSD ${release}`, () => {
    test('from a container to its gateway reaches the host, from its own address', async () => {
      await withTwo(release, async (host) => {
        const to = { to: 'the host', port: 53 };
        assert.deepEqual(await sendFromJail(host, 'web', '10.88.0.1', 53), { ...to, from: web.v4 });
        assert.deepEqual(await sendFromJail(host, 'web', 'fd6a:6169:6c00:88::1', 53), {
          ...to,
          from: web.v6,
        });
      });
    });

    test('from one container to another reaches it, from its own address', async () => {
      await withTwo(release, async (host) => {
        const to = { to: 'db', port: 5432 };
        assert.deepEqual(await sendFromJail(host, 'web', db.v4, 5432), { ...to, from: web.v4 });
        assert.deepEqual(await sendFromJail(host, 'web', db.v6, 5432), { ...to, from: web.v6 });
        assert.equal(await sendFromJail(host, 'web', '10.88.0.77', 80), 'nobody has the address');
      });
    });

    test('from a container to the world leaves with the address of the host', async () => {
      await withTwo(release, async (host) => {
        const to = { to: 'the world', port: 443 };
        assert.deepEqual(await sendFromJail(host, 'web', out4, 443), { ...to, from: '192.0.2.10' });
        const fate = await sendFromJail(host, 'web', out6, 443);
        assert.ok(typeof fate === 'object');
        assert.doesNotMatch(fate.from, /^fd/);
      });
    });

    test('from the world to a published port reaches the container, to another does not', async () => {
      await withTwo(release, async (host) => {
        const to = { to: 'web', port: 80 };
        assert.deepEqual(await sendFromOutside(host, out4, '192.0.2.10', 8080), { ...to, from: out4 });
        assert.deepEqual(await sendFromOutside(host, out6, ipv6, 8080), { ...to, from: out6 });
        assert.deepEqual(await sendFromOutside(host, out4, '192.0.2.10', 9004), {
          ...to,
          port: 94,
          from: out4,
        });
        const own = { to: 'the host', port: 81, from: out4 };
        assert.deepEqual(await sendFromOutside(host, out4, '192.0.2.10', 81), own);
      });
    });

    test('from a container to a published port comes back from the bridge as from the host', async () => {
      await withTwo(release, async (host) => {
        assert.deepEqual(await sendFromJail(host, 'db', '192.0.2.10', 8080), {
          ...{ to: 'web', port: 80 },
          from: '10.88.0.1',
        });
      });
    });
  });
}

suite('a packet is lost', () => {
  test('if the administrator blocks it, unless the rules before the anchors do so without quick', async () => {
    await withTwo(14, async (host) => {
      const published = (): ReturnType<typeof sendFromOutside> =>
        sendFromOutside(host, out4, '192.0.2.10', 8080);
      blockAll(host.model.system, 'first');
      assert.equal(typeof (await published()), 'object', 'as the anchor comes later');
      assert.equal(await sendFromJail(host, 'web', db.v4, 80), 'blocked where it comes in');
      assert.equal(await sendFromJail(host, 'web', out4, 443), 'blocked where it comes in');
      blockAll(host.model.system, 'first', true);
      assert.equal(await published(), 'blocked where it comes in');
    });
    await withTwo(14, async (host) => {
      blockAll(host.model.system, 'last');
      const fate = await sendFromOutside(host, out4, '192.0.2.10', 8080);
      assert.equal(fate, 'blocked where it comes in');
    });
  });

  test('or leaves untranslated if nobody calls the anchors', async () => {
    const host = await openHost();
    await run(host.system, (b) => startPacketFilter(b, openPacketFilter(b)));
    await turnOnForwarding(host.system, ['inet', 'inet6']);
    const one = await start(host, 'web');
    assert.deepEqual(await sendFromJail(host, 'web', out4, 443), {
      to: 'the world',
      port: 443,
      from: web.v4,
    });
    assert.equal(host.warnings.length, 1);
    await stop(host, one);
    host.close();
  });

  test('if the host does not pass packets on, but for those to itself and on a bridge', async () => {
    await withTwo(14, async (host) => {
      await run(host.system, (b) => writeSysctlInt(b, 'net.inet.ip.forwarding', 0));
      assert.equal(await sendFromJail(host, 'web', out4, 443), 'not passed on');
      assert.equal(await sendFromOutside(host, out4, '192.0.2.10', 8080), 'not passed on');
      assert.equal(typeof (await sendFromJail(host, 'web', db.v4, 80)), 'object');
      assert.equal(typeof (await sendFromJail(host, 'web', '10.88.0.1', 80)), 'object');
    });
  });

  test('if the pair is not on the bridge, and when the container has gone', async () => {
    const host = await readyHost();
    const one = await start(host, 'web', { ports: parsePorts('publish', '8080:80') });
    const other = await start(host, 'db');
    await run(host.system, (b) => removeBridgeMember(b, 'jail-default', 'epair16385a'));
    assert.equal(await sendFromJail(host, 'db', web.v4, 80), 'no bridge that is up');
    assert.equal(await sendFromJail(host, 'web', db.v4, 80), 'nobody has the address');
    await stop(host, one);
    const fate = await sendFromOutside(host, out4, '192.0.2.10', 8080);
    assert.deepEqual(fate, { to: 'the host', port: 8080, from: out4 });
    await stop(host, other);
    host.close();
  });
});
