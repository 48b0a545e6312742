import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { removeIPv4Address } from '../../../src/kernel/freebsd/address.js';
import { interfaceFlags } from '../../../src/kernel/freebsd/interface.js';
import { writeSysctlInt } from '../../../src/kernel/freebsd/sysctl.js';
import { setJail } from '../../../src/kernel/freebsd/jail.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { runPlugin, type CniAnswer, type OpenCniHost } from '../../../src/network/cni/plugin.js';
import { attachmentStore } from '../../../src/store/attachments.js';
import { openNetworkStore } from '../../../src/store/network-database.js';
import { loadedRules } from '../../../src/network/loaded-rules.js';
import { makeJail, readyHost, start, stop, type TestHost } from '../harness.js';

interface Fixture {
  readonly host: TestHost;
  readonly call: (
    verb: string,
    more?: { variables?: object; config?: object; input?: string },
  ) => Promise<CniAnswer>;
}

async function withPlugin(body: (fixture: Fixture) => Promise<void>): Promise<void> {
  const host = await readyHost();
  const store = openNetworkStore(':memory:');
  const open: OpenCniHost = (networks) =>
    Promise.resolve({ ...host, networks, attachments: attachmentStore(store), close: () => undefined });
  try {
    await body({
      host,
      call: (verb, { variables = {}, config = {}, input } = {}) =>
        runPlugin(
          open,
          { CNI_COMMAND: verb, CNI_CONTAINERID: 'c1', CNI_NETNS: 'web', CNI_IFNAME: 'eth0', ...variables },
          input ??
            JSON.stringify({
              cniVersion: '1.1.0',
              name: 'lan',
              type: 'jail-bridge',
              ipv4: '10.5.0.0/24',
              ipv6: 'fd00:5::/64',
              ...config,
            }),
        ),
    });
  } finally {
    store.close();
    host.close();
  }
}

/** What is left of attachments: the bridge and the anchors of the network stay, and a jail has its loopback addresses. */
function remains({ host }: Fixture): string[] {
  return host.remains().filter((what) => !/cni-lan|network-cni|^jail | of lo0$/.test(what));
}

function failure(answer: CniAnswer): [unknown, unknown] {
  assert.equal(answer.status, 1);
  const { code, msg } = answer.output as { code: unknown; msg: unknown };
  return [code, msg];
}

suite('the CNI plugin', () => {
  test('says which versions it speaks', async () => {
    await withPlugin(async ({ call }) => {
      assert.deepEqual(
        await call('VERSION', { variables: { CNI_CONTAINERID: '' }, input: '{"cniVersion":"1.0.0"}' }),
        {
          output: { cniVersion: '1.0.0', supportedVersions: ['0.4.0', '1.0.0', '1.1.0'] },
          status: 0,
        },
      );
    });
  });

  test('puts a jail on a network and takes it off again', async () => {
    await withPlugin(async (fixture) => {
      const { host, call } = fixture;
      const jid = await makeJail(host, 'web');
      const before = remains(fixture);
      const { output, status } = await call('ADD');
      assert.equal(status, 0);
      const { interfaces, ...rest } = output as {
        interfaces: { name: string; mac?: string; sandbox?: string }[];
      };
      assert.deepEqual(rest, {
        cniVersion: '1.1.0',
        ips: [
          { interface: 2, address: '10.5.0.2/24', gateway: '10.5.0.1' },
          { interface: 2, address: 'fd00:5::2/64', gateway: 'fd00:5::1' },
        ],
        routes: [
          { dst: '0.0.0.0/0', gw: '10.5.0.1' },
          { dst: '::/0', gw: 'fd00:5::1' },
        ],
        dns: {},
      });
      assert.deepEqual(
        interfaces.map(({ name, sandbox }) => [name, sandbox]),
        [
          ['cni-lan', undefined],
          ['epair16384a', undefined],
          ['eth0', 'web'],
        ],
      );
      assert.match(interfaces[2]?.mac ?? '', /^02:/);
      await host.within(jid, async (inside) => {
        await run(inside, (b) => interfaceFlags(b, 'eth0'));
      });

      assert.deepEqual(await call('CHECK', { config: { prevResult: output } }), {
        output: undefined,
        status: 0,
      });
      await host.within(jid, (inside) => run(inside, (b) => removeIPv4Address(b, 'eth0', '10.5.0.2')));
      assert.deepEqual(failure(await call('CHECK', { config: { prevResult: output } })), [
        100,
        'container c1: interface eth0 has lost its address 10.5.0.2',
      ]);
      assert.deepEqual(await call('DEL'), { output: undefined, status: 0 });
      assert.deepEqual(remains(fixture), before);
      // Again, and without the jail's name: no error.
      assert.deepEqual(await call('DEL', { variables: { CNI_NETNS: '' } }), { output: undefined, status: 0 });
      assert.deepEqual(failure(await call('CHECK', { config: { prevResult: output } })), [
        3,
        'container c1 has no interface eth0 of network lan',
      ]);
    });
  });

  test('finds a jail by its jid, and answers in the version that it was asked in', async () => {
    await withPlugin(async ({ host, call }) => {
      const jid = await makeJail(host, 'web');
      const answer = await call('ADD', {
        variables: { CNI_NETNS: String(jid) },
        config: { cniVersion: '0.4.0', ipv6: undefined },
      });
      const { cniVersion, ips, interfaces } = answer.output as {
        cniVersion: string;
        ips: object[];
        interfaces: object[];
      };
      assert.equal(cniVersion, '0.4.0');
      assert.deepEqual(ips, [{ version: '4', interface: 2, address: '10.5.0.2/24', gateway: '10.5.0.1' }]);
      assert.ok(interfaces.every((each) => !('mtu' in each)));
      await call('DEL');
    });
  });

  test('adds to what plugins before it made', async () => {
    await withPlugin(async ({ host, call }) => {
      await makeJail(host, 'web');
      const prevResult = {
        cniVersion: '1.1.0',
        interfaces: [{ name: 'lo0', sandbox: 'web' }],
        ips: [{ interface: 0, address: '127.0.0.2/8' }],
        dns: { domain: 'example.org' },
      };
      const own = { nameservers: ['192.0.2.53'], search: ['lan'], options: ['ndots:2'] };
      const { output } = await call('ADD', { config: { prevResult, dns: own } });
      const { interfaces, ips, dns } = output as {
        interfaces: { name: string }[];
        ips: object[];
        dns: object;
      };
      assert.deepEqual(
        interfaces.map(({ name }) => name),
        ['lo0', 'cni-lan', 'epair16384a', 'eth0'],
      );
      assert.deepEqual(ips.slice(0, 2), [
        { interface: 0, address: '127.0.0.2/8' },
        { interface: 3, address: '10.5.0.2/24', gateway: '10.5.0.1' },
      ]);
      assert.deepEqual(dns, { domain: 'example.org', ...own });
      await call('DEL');
    });
  });

  test('gives the addresses and ports that the runtime asks for', async () => {
    await withPlugin(async ({ host, call }) => {
      await makeJail(host, 'web');
      const runtimeConfig = {
        ips: ['10.5.0.77/24'],
        portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp', hostIP: '192.0.2.10' }],
      };
      const { output } = await call('ADD', { config: { runtimeConfig } });
      const { ips } = output as { ips: { address: string }[] };
      assert.equal(ips[0]?.address, '10.5.0.77/24');
      assert.deepEqual(
        host.ports.list().map(({ address, first }) => [address, first]),
        [['192.0.2.10', 8080]],
      );
      const again = await call('ADD', { variables: { CNI_CONTAINERID: 'c2' }, config: { runtimeConfig } });
      assert.match(String(failure(again)[1]), /leads to container cni:lan\/c1\.eth0 already/);
      await call('DEL');
      assert.deepEqual(host.ports.list(), []);
    });
  });

  test('collects what the runtime has forgotten', async () => {
    await withPlugin(async (fixture) => {
      const { host, call } = fixture;
      await makeJail(host, 'web');
      await makeJail(host, 'db');
      const before = remains(fixture);
      await call('ADD');
      await call('ADD', { variables: { CNI_CONTAINERID: 'c2', CNI_NETNS: 'db' } });
      const keep = (...containerIDs: string[]): object => ({
        'cni.dev/valid-attachments': containerIDs.map((containerID) => ({ containerID, ifname: 'eth0' })),
      });
      assert.deepEqual(await call('GC', { config: keep('c2') }), { output: undefined, status: 0 });
      assert.equal((await call('CHECK', { config: { prevResult: {} } })).status, 1);
      const ofSecond = { CNI_CONTAINERID: 'c2', CNI_NETNS: 'db' };
      assert.equal((await call('CHECK', { variables: ofSecond, config: { prevResult: {} } })).status, 0);
      await call('GC', { config: keep() });
      assert.deepEqual(remains(fixture), before);
    });
  });

  test('is ready, if translation works and packets are passed on', async () => {
    await withPlugin(async ({ call, host }) => {
      await run(host.system, (b) => writeSysctlInt(b, 'net.inet6.ip6.forwarding', 0));
      const [code, message] = failure(await call('STATUS'));
      assert.equal(code, 51);
      assert.match(
        String(message),
        /^net\.inet6\.ip6\.forwarding is 0, .*: 'sysctl net\.inet6\.ip6\.forwarding=1' turns it on/,
      );
      assert.equal((await call('STATUS', { config: { outside: 'none' } })).status, 0);
      await run(host.system, (b) => writeSysctlInt(b, 'net.inet6.ip6.forwarding', 1));
      assert.deepEqual(await call('STATUS', { variables: { CNI_CONTAINERID: '' } }), {
        output: undefined,
        status: 0,
      });
    });
  });

  test('that fails leaves nothing, whichever call it is', async (context) => {
    await withPlugin(async (fixture) => {
      const { host, call } = fixture;
      await makeJail(host, 'web');
      const before = remains(fixture);
      const { faults } = host.model;
      let n = 1;
      for (; ; n++) {
        faults.failNth(n, 'ENOMEM');
        const answer = await call('ADD');
        const { failed } = faults;
        faults.failNth(0, '');
        if (answer.status === 0) {
          await call('DEL');
        } else {
          const [code, message] = failure(answer);
          assert.equal(code, 100);
          assert.match(String(message), /ENOMEM/);
          // What could not be undone at once is undone by the runtime's DEL, which it must call after a failure.
          await call('DEL');
        }
        assert.deepEqual(remains(fixture), before, `after call ${n}, ${failed ?? 'none'}, failed`);
        if (failed === undefined) break;
      }
      context.diagnostic(`${n - 1} calls failed, one at a time`);
      assert.ok(n > 60, `only ${n} calls`);
    });
  });
});

suite('a network of a CNI runtime', () => {
  test('may have any name that the specification allows', async () => {
    await withPlugin(async ({ host, call }) => {
      await makeJail(host, 'web');
      const config = { name: 'My_net.1', bridge: 'bridge7' };
      const { status, output } = await call('ADD', { config });
      assert.equal(status, 0, JSON.stringify(output));
      await call('DEL', { config });
    });
  });

  test('has nothing in common with one of the configuration of the same name', async () => {
    await withPlugin(async ({ host, call }) => {
      await makeJail(host, 'web');
      const own = await start(host, 'own');
      const { status } = await call('ADD', { config: { name: 'default' } });
      assert.equal(status, 0);
      const anchors = await loadedRules(host.system, ['default'], host.leases);
      const rulesOf = (name: string): string =>
        anchors.find(({ owner }) => owner === `network ${name}`)?.rules.join('\n') ?? '';
      assert.match(rulesOf('default'), /from 10\.88\.0\.0\/16/);
      assert.match(rulesOf('cni.default'), /from 10\.5\.0\.0\/24/);
      assert.doesNotMatch(readFileSync(host.hosts.pathOf('default'), 'utf8'), /10\.5\./);
      await call('DEL', { config: { name: 'default' } });
      await stop(host, own);
    });
  });
});

suite('what the CNI plugin refuses', () => {
  const rows: [
    string,
    { verb?: string; variables?: object; config?: object; input?: string },
    number,
    RegExp,
  ][] = [
    ['an unknown verb', { verb: 'DANCE' }, 4, /^CNI_COMMAND is "DANCE", none of ADD, DEL/],
    ['no container', { variables: { CNI_CONTAINERID: '' } }, 4, /^CNI_CONTAINERID is needed for ADD/],
    [
      'a container of another form',
      { variables: { CNI_CONTAINERID: '../x' } },
      4,
      /^CNI_CONTAINERID "\.\.\/x"/,
    ],
    ['no interface', { variables: { CNI_IFNAME: '' } }, 4, /^CNI_IFNAME is needed/],
    ['an interface of 16 letters', { variables: { CNI_IFNAME: 'e'.repeat(16) } }, 4, /^CNI_IFNAME "e{16}"/],
    ['no jail', { variables: { CNI_NETNS: '' } }, 4, /^CNI_NETNS is needed for ADD/],
    ['a jail that there is not', { variables: { CNI_NETNS: 'nobody' } }, 3, /there is no jail "nobody"/],
    [
      'a jail without vnet',
      { variables: { CNI_NETNS: 'shared' } },
      4,
      /jail "shared" has no network stack of its own/,
    ],
    ['no JSON', { input: '{' }, 6, /is not JSON/],
    ['a list', { input: '[]' }, 6, /no JSON object/],
    [
      'a version of the future',
      { config: { cniVersion: '2.0.0' } },
      1,
      /^cniVersion "2\.0\.0": this plugin speaks 0\.4\.0, 1\.0\.0, 1\.1\.0/,
    ],
    [
      'a name with a slash',
      { config: { name: 'a/b' } },
      7,
      /^name: "a\/b": letters, digits, '_', '\.' and '-'/,
    ],
    [
      'a name that gives no bridge one',
      { config: { name: 'a-name-that-is-long' } },
      7,
      /^bridge: needed, as 'cni-a-name-that-is-long' is no name of an interface/,
    ],
    ['no name', { config: { name: undefined } }, 7, /^name: is no text/],
    ['ipam', { config: { ipam: { type: 'host-local' } } }, 2, /^ipam: this plugin leases addresses itself/],
    ['no pool', { config: { ipv4: undefined, ipv6: undefined } }, 7, /^ipv4 or ipv6 is needed/],
    ['a wrong pool', { config: { ipv4: '10.5.0.1/24' } }, 7, /ipv4: '10\.5\.0\.1\/24' has bits set/],
    [
      'a port of text',
      { config: { runtimeConfig: { portMappings: [{ hostPort: '80', containerPort: 80 }] } } },
      7,
      /portMappings\[0\]\.hostPort: is no number/,
    ],
    [
      'an address elsewhere',
      { config: { runtimeConfig: { ips: ['10.6.0.1/24'] } } },
      7,
      /address 10\.6\.0\.1 is not in 10\.5\.0\.0\/24/,
    ],
    ['a search list of numbers', { config: { dns: { search: [1] } } }, 7, /^dns\.search\[0\]: is no text/],
    ['GC without a list', { verb: 'GC' }, 7, /^cni\.dev\/valid-attachments is needed/],
    ['CHECK without a result', { verb: 'CHECK' }, 7, /^prevResult is needed/],
  ];
  for (const [what, { verb = 'ADD', ...more }, code, message] of rows) {
    test(what, async () => {
      await withPlugin(async (fixture) => {
        const { host, call } = fixture;
        await makeJail(host, 'web');
        await run(host.system, (b) => setJail(b, { name: 'shared', persist: true }, { operation: 'create' }));
        const before = remains(fixture);
        const [itsCode, itsMessage] = failure(await call(verb, more));
        assert.match(String(itsMessage), message);
        assert.equal(itsCode, code);
        assert.deepEqual(remains(fixture), before);
      });
    });
  }
});
