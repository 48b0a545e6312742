import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parsePrefix } from '../../src/network/prefix.js';
import { leasable, readNetworks } from '../../src/network/settings.js';

suite('configured networks', () => {
  test('without any there is one, with addresses of both families', () => {
    const [network, ...others] = readNetworks(undefined);
    assert.deepEqual(others, []);
    assert.equal(network?.name, 'default');
    assert.equal(network.bridge, 'jail-default');
    assert.equal(network.interface, 'eth0');
    assert.deepEqual(
      network.subnets.map(({ gateway }) => gateway),
      ['10.88.0.1', 'fd6a:6169:6c00:88::1'],
    );
    assert.equal(network.outside, 'auto');
    assert.equal(network.mtu, undefined, 'that of the outside');
    assert.equal(network.prepareHost, false);
  });

  test('every key is read', () => {
    const table = {
      bridge: 'bridge7',
      interface: 'net0',
      ipv4: '192.0.2.0/24',
      ipv6: '2001:db8::/64',
      gateway: '192.0.2.254',
      gateway6: '2001:DB8::FF',
      outside: 'none',
      mtu: 9000,
      prepare_host: true,
      nameservers: ['192.0.2.53', '2001:db8::53'],
    };
    assert.deepEqual(readNetworks({ lan: table }), [
      {
        name: 'lan',
        bridge: 'bridge7',
        interface: 'net0',
        subnets: [
          { prefix: parsePrefix('', '192.0.2.0/24'), gateway: '192.0.2.254' },
          { prefix: parsePrefix('', '2001:db8::/64'), gateway: '2001:db8::ff' },
        ],
        outside: 'none',
        mtu: 9000,
        prepareHost: true,
        nameservers: ['192.0.2.53', '2001:db8::53'],
      },
    ]);
  });

  test('no networks at all may be what is wanted', () => {
    assert.deepEqual(readNetworks({}), []);
  });

  const ipv4 = '192.0.2.0/24';
  const refused: [string, unknown, RegExp][] = [
    ['a list', [], /^networks: is no table/],
    ['a number for a network', { a: 1 }, /^networks\.a: is no table/],
    ['a name with a slash', { 'a/b': { ipv4 } }, /^networks\.a\/b: a network's name/],
    ['a name of 33 letters', { ['a'.repeat(33)]: { ipv4 } }, /a network's name/],
    ['an unknown key', { a: { ipv4, nat: true } }, /^networks\.a: unknown key "nat"/],
    [
      'an interface of 16 letters',
      { a: { ipv4, interface: 'e'.repeat(16) } },
      /^networks\.a\.interface: "e{16}" is not the name of an interface/,
    ],
    ['no pool', { a: {} }, /^networks\.a: ipv4 or ipv6 is needed/],
    [
      'a loopback pool',
      { a: { ipv4: '127.5.0.0/16' } },
      /^networks\.a\.ipv4: '127\.5\.0\.0\/16' is in 127\.0\.0\.0\/8/,
    ],
    [
      'a multicast pool',
      { a: { ipv6: 'ff05::/64' } },
      /'ff05::\/64' is in ff00::\/8, whose addresses are no hosts'/,
    ],
    ['everything', { a: { ipv4: '0.0.0.0/0' } }, /'0\.0\.0\.0\/0' is in 0\.0\.0\.0\/8/],
    [
      'an MTU too small for IPv6',
      { a: { ipv6: 'fd05::/64', mtu: 1279 } },
      /^networks\.a\.mtu: 1279 is not an integer from 1280/,
    ],
    [
      'a word for a flag',
      { a: { ipv4, prepare_host: 'yes' } },
      /^networks\.a\.prepare_host: is neither true nor false/,
    ],
    ['a pool that is no text', { a: { ipv4: 7 } }, /^networks\.a\.ipv4: is no text/],
    [
      'a pool with host bits',
      { a: { ipv4: '192.0.2.1/24' } },
      /^networks\.a\.ipv4: '192\.0\.2\.1\/24' has bits set/,
    ],
    [
      'a pool of the other family',
      { a: { ipv4: 'fd00::/64' } },
      /^networks\.a\.ipv4: 'fd00::\/64' is of the other family/,
    ],
    ['a pool without room', { a: { ipv4: '192.0.2.0/31' } }, /has no room for a gateway and a container/],
    [
      'a gateway without a pool',
      { a: { ipv4, gateway6: 'fd00::1' } },
      /^networks\.a\.gateway6: there is no ipv6/,
    ],
    [
      'a gateway elsewhere',
      { a: { ipv4, gateway: '192.0.3.1' } },
      /^networks\.a\.gateway: '192\.0\.3\.1' is not an address for hosts/,
    ],
    [
      'the broadcast address as gateway',
      { a: { ipv4, gateway: '192.0.2.255' } },
      /is not an address for hosts/,
    ],
    ['the network as gateway', { a: { ipv4, gateway: '192.0.2.0' } }, /is not an address for hosts/],
    ['a gateway of the other family', { a: { ipv4, gateway: 'fd00::1' } }, /is not an address for hosts/],
    [
      'an MTU of 575',
      { a: { ipv4, mtu: 575 } },
      /^networks\.a\.mtu: 575 is not an integer from 576 to 65535/,
    ],
    ['an MTU in text', { a: { ipv4, mtu: '1500' } }, /^networks\.a\.mtu: 1500 is not an integer/],
    [
      'a bridge of 16 letters',
      { a: { ipv4, bridge: 'b'.repeat(16) } },
      /^networks\.a\.bridge: "b{16}" is not the name/,
    ],
    ['a bridge with a space', { a: { ipv4, bridge: 'a b' } }, /^networks\.a\.bridge: "a b" is not the name/],
    [
      'no bridge for a long name',
      { 'very-long-name': { ipv4 } },
      /^networks\.very-long-name\.bridge: needed, as 'jail-very-long-name'/,
    ],
    [
      'a nameserver by name',
      { a: { ipv4, nameservers: ['dns'] } },
      /^networks\.a\.nameservers\[0\]: 'dns' is not/,
    ],
    [
      'two networks on one bridge',
      { a: { ipv4, bridge: 'b0' }, b: { ipv6: 'fd00::/64', bridge: 'b0' } },
      /^networks\.b\.bridge: 'b0' is the bridge of network a/,
    ],
    [
      'pools that overlap',
      { a: { ipv4 }, b: { ipv4: '192.0.2.128/25' } },
      /^networks\.b: 192\.0\.2\.128\/25 overlaps 192\.0\.2\.0\/24 of network a/,
    ],
  ];
  for (const [what, value, message] of refused) {
    test(`${what}: refused`, () => {
      assert.throws(() => readNetworks(value), { message });
    });
  }
});

suite('addresses that can be leased', () => {
  const rows: [string, number, number][] = [
    ['10.88.0.0/16', 1, 65534],
    ['192.0.2.0/30', 1, 2],
    ['0.0.0.0/0', 1, 2 ** 32 - 2],
    ['fd00::/64', 1, 2 ** 32 - 1],
    ['fd00::/126', 1, 3],
  ];
  for (const [pool, first, last] of rows) {
    test(`of ${pool}: ${first} to ${last}`, () => {
      assert.deepEqual(leasable(parsePrefix('pool', pool)), { pool, first, last });
    });
  }
});
