import assert from 'node:assert/strict';
import { isKernelError } from '../../src/kernel/error.js';
import {
  addIPv6Address,
  ipv6Flags,
  removeIPv6Address,
  setIPv6Flags,
} from '../../src/kernel/freebsd/address.js';
import { interfaceFlags, setInterfaceFlags } from '../../src/kernel/freebsd/interface.js';
import { maskOf, parseIPv6 } from '../../src/kernel/freebsd/ip.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { socketAddressIPv6 } from '../../src/kernel/freebsd/socket-address.js';
import { group, on12, type On } from './harness/group.js';
import { addressesOf, addressTexts } from './harness/interface-list.js';
import { control, errorOf, made, stack, type Stack } from './harness/interfaces.js';

// All in the network stack of a jail, so that the machine's own addresses stay as they are.
const inJail: On = { needs: ['vnet', 'processes', 'epair', 'bridge'] };
const inJailOn12: On = { ...on12, ...inJail };

const infinite = 0xffff_ffff;

interface Alias {
  readonly address: string;
  readonly prefix?: number;
  readonly flags?: number;
  readonly valid?: number;
  readonly preferred?: number;
  readonly vhid?: number;
  readonly family?: 'AF_INET' | 'AF_INET6';
  /** A byte of the structure that is another one: where, and what. */
  readonly change?: readonly [at: number, byte: number];
}

/** A request for an address with the structure as it is; its error. */
async function alias({ system, name }: Pick<Stack, 'system' | 'name'>, wanted: Alias): Promise<string> {
  const { layouts } = system.bindings;
  const { error } = await control(system, 'SIOCAIFADDR_IN6', wanted.family ?? 'AF_INET6', (arena) => {
    const at = arena.struct(layouts.in6_aliasreq, {
      ifra_name: name,
      ifra_addr: socketAddressIPv6(system.bindings, parseIPv6('address', wanted.address)),
      ifra_prefixmask: socketAddressIPv6(system.bindings, maskOf('prefix', wanted.prefix ?? 64, 16)),
      ifra_flags: wanted.flags ?? 0,
      ia6t_vltime: wanted.valid ?? infinite,
      ia6t_pltime: wanted.preferred ?? infinite,
      ifra_vhid: wanted.vhid ?? 0,
    });
    if (wanted.change !== undefined) arena.write(at + wanted.change[0], Uint8Array.of(wanted.change[1]));
    return at;
  });
  return error;
}

/** The IN6_IFF_* of an address, or the error of asking for them. */
async function flagsOf({ system, name }: Stack, address: string): Promise<number | string> {
  const { layouts } = system.bindings;
  const { ifr_flags6 } = layouts.in6_ifreq.fields;
  let at = 0;
  const { error, arena } = await control(system, 'SIOCGIFAFLAG_IN6', 'AF_INET6', (a) => {
    at = a.struct(layouts.in6_ifreq, {
      ifr_name: name,
      ifr_addr: socketAddressIPv6(system.bindings, parseIPv6('address', address)),
    });
    return at;
  });
  if (error !== '') return error;
  return new DataView(arena.buffer, arena.byteOffset).getInt32(at + ifr_flags6.offset, true);
}

/** Asks until the answer is the one that is waited for. */
async function until(ask: () => Promise<number | string>, wanted: number | string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = await ask();
    if (found === wanted) return;
    assert.ok(Date.now() < deadline, `${found} after 10 s, not ${wanted}`);
  }
}

const addresses = ({ system, name }: Stack): Promise<string[]> => addressTexts(system, name, 6);
const own = (all: readonly string[]): string[] => all.filter((address) => !address.startsWith('fe80:'));
const detecting = 2;
const withoutDetection = 0x20;

group('SIOCAIFADDR_IN6', 'observed on 12.1', (states) => {
  states(
    'an address brings the interface up, with a link-local one',
    async (c) => {
      const jail = await stack(c);
      await run(jail.system, (b) => addIPv6Address(b, jail.name, { address: 'fd85::2', prefix: 64 }));
      assert.equal((await run(jail.system, (b) => interfaceFlags(b, jail.name))) & 1, 1);
      const all = await addresses(jail);
      assert.deepEqual([own(all), all.length], [['fd85::2'], 2]);
      const found = await addressesOf(jail.system, jail.name);
      assert.equal(found.find(({ address }) => address === 'fd85::2')?.mask, 'ffff:ffff:ffff:ffff::');
    },
    inJail,
  );

  states(
    'so does being up alone, but not on a bridge',
    async (c) => {
      const jail = await stack(c);
      const bridge = await made(c, 'bridge', jail.system);
      await run(jail.system, (b) => [setInterfaceFlags(b, jail.name, 1), setInterfaceFlags(b, bridge, 1)]);
      assert.equal((await addresses(jail)).length, 1);
      assert.deepEqual(await addressTexts(jail.system, bridge, 6), []);
    },
    inJailOn12,
  );

  states(
    'it is tentative until no other is found',
    async (c) => {
      const jail = await stack(c);
      await run(jail.system, (b) => setInterfaceFlags(b, jail.name, 1));
      assert.equal(await alias(jail, { address: 'fd85::4' }), '');
      assert.equal(await flagsOf(jail, 'fd85::4'), detecting);
      await until(() => flagsOf(jail, 'fd85::4'), 0);
    },
    inJailOn12,
  );

  states(
    'with IN6_IFF_NODAD nothing is waited for',
    async (c) => {
      const jail = await stack(c);
      assert.equal(await alias(jail, { address: 'fd85::4', flags: withoutDetection }), '');
      assert.equal(await flagsOf(jail, 'fd85::4'), withoutDetection | detecting);
      await until(() => flagsOf(jail, 'fd85::4'), withoutDetection);
    },
    inJailOn12,
  );

  states(
    'the same address may be added again, but not with another prefix',
    async (c) => {
      const jail = await stack(c);
      for (const error of ['', '']) assert.equal(await alias(jail, { address: 'fd85::4' }), error);
      assert.equal(await alias(jail, { address: 'fd85::4', prefix: 128 }), 'EINVAL');
      assert.equal(await alias(jail, { address: 'fd85::5', prefix: 128 }), '');
      assert.deepEqual(own(await addresses(jail)).sort(), ['fd85::4', 'fd85::5']);
    },
    inJailOn12,
  );

  const refused: [what: string, alias: Alias, error: string][] = [
    ['a prefix of 0 bits is EINVAL', { address: 'fd85::4', prefix: 0 }, 'EINVAL'],
    // sin6_len of ifra_prefixmask
    ['no mask at all is EINVAL', { address: 'fd85::4', change: [72, 0] }, 'EINVAL'],
    [
      'preferred for longer than valid is EINVAL',
      { address: 'fd85::4', valid: 100, preferred: 200 },
      'EINVAL',
    ],
    // sin6_len of ifra_addr
    ['an address of 16 bytes is EAFNOSUPPORT', { address: 'fd85::4', change: [16, 16] }, 'EAFNOSUPPORT'],
    ['no address is EEXIST', { address: '::' }, 'EEXIST'],
    ['::1 is EINVAL on an Ethernet interface', { address: '::1', prefix: 128 }, 'EINVAL'],
    ['a socket of IPv4 is EINVAL', { address: 'fd85::4', family: 'AF_INET' }, 'EINVAL'],
  ];
  for (const [what, wanted, error] of refused) {
    states(
      what,
      async (c) => {
        const jail = await stack(c);
        assert.equal(await alias(jail, wanted), error);
        assert.deepEqual(own(await addresses(jail)), []);
      },
      inJailOn12,
    );
  }

  states(
    'multicast addresses, those of IPv4 and link-local ones are taken',
    async (c) => {
      const jail = await stack(c);
      for (const address of ['ff02::5', '::ffff:10.85.0.1', 'fe80::99']) {
        assert.equal(await alias(jail, { address }), '', address);
      }
    },
    inJailOn12,
  );

  states(
    'lifetimes may end, and IN6_IFF_TENTATIVE may be asked for',
    async (c) => {
      const jail = await stack(c);
      const taken: Alias[] = [
        { address: 'fd85::4', valid: 200, preferred: 100 },
        { address: 'fd85::5', preferred: 0 },
        { address: 'fd85::6', flags: detecting },
      ];
      for (const each of taken) assert.equal(await alias(jail, each), '', each.address);
    },
    inJailOn12,
  );

  states(
    'an address whose lifetime is 0 is added, and then goes',
    async (c) => {
      const jail = await stack(c);
      assert.equal(await alias(jail, { address: 'fd85::4', valid: 0, preferred: 0 }), '');
      await until(() => flagsOf(jail, 'fd85::4'), 'EADDRNOTAVAIL');
    },
    inJailOn12,
  );

  states(
    'a vhid without carp(4) is EPROTONOSUPPORT, but the address stays',
    async (c) => {
      const jail = await stack(c);
      assert.equal(await alias(jail, { address: 'fd85::4', vhid: 1 }), 'EPROTONOSUPPORT');
      assert.deepEqual(own(await addresses(jail)), ['fd85::4']);
    },
    { ...inJailOn12, needs: ['vnet', 'processes', 'epair', 'no carp'] },
  );

  states(
    'a loopback that has ::1 can be given it again',
    async (c) => {
      const { system } = await stack(c);
      await run(system, (b) => setInterfaceFlags(b, 'lo0', 1));
      await run(system, (b) => addIPv6Address(b, 'lo0', { address: '::1', prefix: 128 }));
      assert.deepEqual((await addressTexts(system, 'lo0', 6)).sort(), ['::1', 'fe80::1']);
    },
    inJailOn12,
  );
});

group('SIOCDIFADDR_IN6', 'observed on 12.1', (states) => {
  states(
    'an address is taken away once',
    async (c) => {
      const jail = await stack(c);
      const { system, name } = jail;
      await run(system, (b) => [
        addIPv6Address(b, name, { address: 'fd85::2', prefix: 64 }),
        removeIPv6Address(b, name, 'fd85::2'),
      ]);
      assert.deepEqual(own(await addresses(jail)), []);
      const again = run(system, (b) => removeIPv6Address(b, name, 'fd85::2'));
      await assert.rejects(again, (error) => isKernelError(error, 'EADDRNOTAVAIL'));
    },
    inJail,
  );
});

group('ND6_IFF_*', 'observed on 12.1', (states) => {
  const performNud = 1;
  const disabled = 8;

  /** Sets the flags by SIOCSIFINFO_IN6, which takes all that is in the structure. */
  const setInfo = async (
    { system, name }: Pick<Stack, 'system' | 'name'>,
    flags: number,
    family: 'AF_INET' | 'AF_INET6' = 'AF_INET6',
  ): Promise<string> => {
    const { layouts } = system.bindings;
    const { error } = await control(system, 'SIOCSIFINFO_IN6', family, (arena) => {
      const at = arena.struct(layouts.in6_ndireq, { ifname: name });
      arena.writeStruct(at + layouts.in6_ndireq.fields.ndi.offset, layouts.nd_ifinfo, { flags });
      return at;
    });
    return error;
  };

  states(
    'a fresh interface has IPv6 on, and a bridge no automatic address',
    async (c) => {
      const { system, name } = await stack(c);
      const bridge = await made(c, 'bridge', system);
      const found = await run(system, (b) => [ipv6Flags(b, name), ipv6Flags(b, 'lo0'), ipv6Flags(b, bridge)]);
      assert.deepEqual(found, [0x21, 0x21, 0x1]);
    },
    inJailOn12,
  );

  states(
    'adding an address turns IPv6 on again, and then nothing is detected',
    async (c) => {
      const jail = await stack(c);
      const { system, name } = jail;
      await run(system, (b) => setIPv6Flags(b, name, 0x28));
      assert.equal(await alias(jail, { address: 'fd85::3' }), '');
      assert.equal((await run(system, (b) => ipv6Flags(b, name))) & disabled, 0);
      assert.equal(await flagsOf(jail, 'fd85::3'), 0);
    },
    inJailOn12,
  );

  states(
    'turning it off makes addresses tentative',
    async (c) => {
      const jail = await stack(c);
      const { system, name } = jail;
      await run(system, (b) => addIPv6Address(b, name, { address: 'fd85::3', prefix: 64 }));
      await until(() => flagsOf(jail, 'fd85::3'), withoutDetection);
      for (const flags of [0x29, 0x21]) {
        assert.equal(await setInfo(jail, flags), '');
        assert.equal(Number(await flagsOf(jail, 'fd85::3')) & detecting, detecting);
      }
    },
    inJailOn12,
  );

  states(
    'they are kept as they were given, whatever they are',
    async (c) => {
      const jail = await stack(c);
      for (const flags of [0, 0x121, 0xffff_ffff]) {
        assert.equal(await setInfo(jail, flags), '');
        assert.equal(await run(jail.system, (b) => ipv6Flags(b, jail.name)), flags);
      }
      await run(jail.system, (b) => setIPv6Flags(b, jail.name, performNud));
    },
    inJailOn12,
  );

  states(
    'an unknown interface is ENXIO, a socket of IPv4 EINVAL',
    async (c) => {
      const jail = await stack(c);
      assert.equal(await setInfo({ ...jail, name: 'nosuch0' }, 0x21), 'ENXIO');
      assert.equal(await setInfo(jail, 0x21, 'AF_INET'), 'EINVAL');
      assert.equal(await errorOf(jail.system, 'SIOCGIFADDR', jail.name, {}, 'AF_INET6'), 'EINVAL');
    },
    inJailOn12,
  );
});
