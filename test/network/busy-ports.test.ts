import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseIPv4, parseIPv6 } from '../../src/kernel/freebsd/ip.js';
import { refuseBusyPorts } from '../../src/network/busy-ports.js';
import { parsePorts } from '../../src/network/ports.js';
import { makeJail, readyHost, request, TestLedger, type TestHost } from './harness.js';
import { connect } from '../../src/network/connect.js';

/** Has a program of the host listen. */
function listen({ model }: TestHost, protocol: 'tcp' | 'udp', address: string, port: number): void {
  const { constants: c } = model.freebsd.bindings;
  const family = address.includes(':') ? 6 : 4;
  model.system.network.host.ports.push({
    family,
    type: protocol === 'tcp' ? c.SOCK_STREAM : c.SOCK_DGRAM,
    address: family === 4 ? parseIPv4('address', address) : parseIPv6('address', address),
    port,
  });
}

suite('a port that a program of the host has', () => {
  const rows: [published: string, message: RegExp | undefined][] = [
    ['8080:80', /^publish 8080:80\/tcp: tcp port 8080 of the host is in use by a program of the host$/],
    ['8000-8100:8000-8100', /^publish 8000-8100:8000-8100\/tcp: tcp port 8080 of the host is in use/],
    ['192.0.2.10:8080:80', /tcp port 8080/],
    ['8443:443', /tcp port 8443/],
    ['0.0.0.0:8443:443', undefined],
    ['8080:80/udp', undefined],
    ['53:53/udp', /^publish 53:53\/udp: udp port 53 of the host/],
    ['81:80', undefined],
    ['198.51.100.1:81:80', /^publish 198\.51\.100\.1:81:80\/tcp: the host has no address 198\.51\.100\.1$/],
  ];
  for (const [published, message] of rows) {
    test(`${message === undefined ? 'does not keep' : 'keeps'} ${published} from being published`, async () => {
      const host = await readyHost();
      listen(host, 'tcp', '0.0.0.0', 8080);
      listen(host, 'tcp', '::', 8443);
      listen(host, 'udp', '192.0.2.10', 53);
      const trying = refuseBusyPorts(host.system, parsePorts('publish', published), ['inet', 'inet6']);
      if (message === undefined) await trying;
      else await assert.rejects(trying, { name: 'NetworkError', message });
      assert.equal(host.model.system.network.host.ports.length, 3, 'all that was taken is free again');
      host.close();
    });
  }

  test('is refused before anything is made', async () => {
    const host = await readyHost();
    listen(host, 'tcp', '0.0.0.0', 8080);
    const jid = await makeJail(host, 'web');
    const before = host.model.remains();
    const ledger = new TestLedger();
    await assert.rejects(
      connect(host, ledger, request('web', jid, { ports: parsePorts('publish', '8080:80') })),
      { kind: 'taken' },
    );
    assert.deepEqual(host.model.remains(), before);
    assert.deepEqual(ledger.entries, []);
    assert.deepEqual(host.leases.list(), []);
    assert.deepEqual(host.ports.list(), []);
    host.close();
  });
});
