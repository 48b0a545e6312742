import assert from 'node:assert/strict';
import { addIPv4Address, removeIPv4Address } from '../../src/kernel/freebsd/address.js';
import { interfaceFlags, setInterfaceFlags } from '../../src/kernel/freebsd/interface.js';
import { parseIPv4 } from '../../src/kernel/freebsd/ip.js';
import { run, type FreeBSD } from '../../src/kernel/freebsd/run.js';
import { socketAddressIPv4 } from '../../src/kernel/freebsd/socket-address.js';
import type { StructInput } from '../../src/kernel/layout.js';
import { isKernelError } from '../../src/kernel/error.js';
import { group, on12, type On } from './harness/group.js';
import { addressesOf, addressTexts } from './harness/interface-list.js';
import { control, errorOf, made, stack, type Stack } from './harness/interfaces.js';

// All in the network stack of a jail, so that the machine's own addresses stay as they are.
const inJail: On = { needs: ['vnet', 'processes', 'epair', 'bridge'] };
const inJailOn12: On = { ...on12, ...inJail };

type AliasInput = StructInput<FreeBSD['bindings']['layouts']['in_aliasreq']>;

interface Alias {
  readonly address: string;
  readonly mask?: string;
  readonly broadcast?: string;
  readonly vhid?: number;
  readonly request?: number;
  readonly family?: 'AF_LOCAL' | 'AF_INET' | 'AF_INET6';
  /** A byte of the structure that is another one: where, and what. */
  readonly change?: readonly [at: number, byte: number];
}

/** A request for an address with the structure as it is; its error. */
async function alias({ system, name }: Stack, wanted: Alias): Promise<string> {
  const { constants, layouts } = system.bindings;
  const text = (value: string): Uint8Array => socketAddressIPv4(system.bindings, parseIPv4('address', value));
  const input: AliasInput = {
    ifra_name: name,
    ifra_addr: text(wanted.address),
    ...(wanted.mask === undefined ? {} : { ifra_mask: text(wanted.mask) }),
    ...(wanted.broadcast === undefined ? {} : { ifra_broadaddr: text(wanted.broadcast) }),
    ifra_vhid: wanted.vhid ?? 0,
  };
  const request = wanted.request ?? constants.SIOCAIFADDR;
  const { error } = await control(system, request, wanted.family ?? 'AF_INET', (arena) => {
    const at = arena.struct(layouts.in_aliasreq, input);
    if (wanted.change !== undefined) arena.write(at + wanted.change[0], Uint8Array.of(wanted.change[1]));
    return at;
  });
  return error;
}

const mask24 = '255.255.255.0';
const addresses = ({ system, name }: Stack): Promise<string[]> => addressTexts(system, name, 4);

group('SIOCAIFADDR', 'observed on 12.1', (states) => {
  states(
    'a broadcast address that is not given is the last of the network',
    async (c) => {
      const jail = await stack(c);
      assert.equal(await alias(jail, { address: '10.85.0.2', mask: mask24 }), '');
      const [found] = await addressesOf(jail.system, jail.name);
      assert.deepEqual(found, { family: 4, address: '10.85.0.2', mask: mask24, broadcast: '10.85.0.255' });
    },
    inJail,
  );

  states(
    'the same address again replaces the first, and its mask',
    async (c) => {
      const jail = await stack(c);
      for (const address of ['10.85.0.2', '10.85.0.3', '10.85.0.2']) {
        assert.equal(await alias(jail, { address, mask: mask24 }), '');
      }
      assert.deepEqual(await addresses(jail), ['10.85.0.3', '10.85.0.2']);
      assert.equal(await alias(jail, { address: '10.85.0.2', mask: '255.255.0.0' }), '');
      const changed = (await addressesOf(jail.system, jail.name)).find(
        ({ address }) => address === '10.85.0.2',
      );
      assert.equal(changed?.mask, '255.255.0.0');
    },
    inJailOn12,
  );

  states(
    'several addresses of one network may be on one interface',
    async (c) => {
      const jail = await stack(c);
      await run(jail.system, (b) => [
        addIPv4Address(b, jail.name, { address: '10.85.0.2', prefix: 24 }),
        addIPv4Address(b, jail.name, { address: '10.85.0.3', prefix: 24 }),
        addIPv4Address(b, jail.name, { address: '10.85.0.4', prefix: 32 }),
      ]);
      assert.deepEqual((await addresses(jail)).sort(), ['10.85.0.2', '10.85.0.3', '10.85.0.4']);
    },
    inJail,
  );

  states(
    'it brings the interface up, also when somebody has taken it down',
    async (c) => {
      const { system, name } = await stack(c);
      const bridge = await made(c, 'bridge', system);
      for (const [each, address, flags] of [
        [name, '10.85.0.1', 0x8843],
        [bridge, '10.86.0.1', 0x8843],
        ['lo0', '127.0.0.1', 0x8049],
      ] as const) {
        await run(system, (b) => addIPv4Address(b, each, { address, prefix: 24 }));
        assert.equal(await run(system, (b) => interfaceFlags(b, each)), flags, each);
      }
      await run(system, (b) => [
        setInterfaceFlags(b, name, 0),
        addIPv4Address(b, name, { address: '10.85.0.2', prefix: 24 }),
      ]);
      assert.equal(await run(system, (b) => interfaceFlags(b, name)), 0x8843);
    },
    inJailOn12,
  );

  states(
    'with the first, a loopback gets ::1 and fe80::1 too',
    async (c) => {
      const { system } = await stack(c);
      await run(system, (b) => addIPv4Address(b, 'lo0', { address: '127.0.0.1', prefix: 8 }));
      assert.deepEqual((await addressTexts(system, 'lo0', 6)).sort(), ['::1', 'fe80::1']);
    },
    inJail,
  );

  states(
    'a vhid without carp(4) is EPROTONOSUPPORT, and nothing is added',
    async (c) => {
      const jail = await stack(c);
      assert.equal(await alias(jail, { address: '10.85.0.2', mask: mask24, vhid: 1 }), 'EPROTONOSUPPORT');
      assert.deepEqual(await addresses(jail), []);
    },
    { ...inJailOn12, needs: ['vnet', 'processes', 'epair', 'no carp'] },
  );

  // sin_len and sin_family of ifra_addr, sin_len of ifra_mask
  const wrong: [what: string, change: readonly [at: number, byte: number]][] = [
    ['an address of 15 bytes', [16, 15]],
    ['an address of 0 bytes', [16, 0]],
    ['an address of no family', [17, 0]],
    ['a mask of 8 bytes', [48, 8]],
  ];
  for (const [what, change] of wrong) {
    states(
      `${what} is EINVAL`,
      async (c) => {
        const jail = await stack(c);
        assert.equal(await alias(jail, { address: '10.85.0.2', mask: mask24, change }), 'EINVAL');
        assert.deepEqual(await addresses(jail), []);
      },
      inJailOn12,
    );
  }

  const values: [what: string, alias: Alias, mask: string, broadcast: string][] = [
    ['a mask of zeros is taken', { address: '10.85.0.2', mask: '0.0.0.0' }, '0.0.0.0', '255.255.255.255'],
    [
      'without a mask, the class of the address counts: A',
      { address: '10.85.0.2' },
      '255.0.0.0',
      '10.255.255.255',
    ],
    [
      'without a mask, the class of the address counts: C',
      { address: '192.168.85.2' },
      mask24,
      '192.168.85.255',
    ],
    [
      'a broadcast address may be any',
      { address: '10.85.0.2', mask: mask24, broadcast: '10.85.0.99' },
      mask24,
      '10.85.0.99',
    ],
    [
      'a network of two has the broadcast address of all',
      { address: '10.85.0.2', mask: '255.255.255.254' },
      '255.255.255.254',
      '255.255.255.255',
    ],
  ];
  for (const [what, wanted, mask, broadcast] of values) {
    states(
      what,
      async (c) => {
        const jail = await stack(c);
        assert.equal(await alias(jail, wanted), '');
        const [found] = await addressesOf(jail.system, jail.name);
        assert.deepEqual(found, { family: 4, address: wanted.address, mask, broadcast });
      },
      inJailOn12,
    );
  }

  states(
    'no address is refused for its value',
    async (c) => {
      const jail = await stack(c);
      assert.equal(await alias(jail, { address: '10.86.0.1', mask: '255.0.255.0' }), '');
      const odd = ['10.85.0.0', '10.85.0.255', '0.0.0.0', '255.255.255.255', '224.0.0.5', '127.0.0.1'];
      for (const address of odd) assert.equal(await alias(jail, { address, mask: mask24 }), '', address);
    },
    inJailOn12,
  );

  states(
    'the request of FreeBSD 9, without a vhid, is taken too',
    async (c) => {
      const jail = await stack(c);
      const request = 0x8040_691a;
      assert.equal(await alias(jail, { address: '10.85.0.2', mask: mask24, request }), '');
      assert.deepEqual(await addresses(jail), ['10.85.0.2']);
    },
    inJailOn12,
  );

  states(
    'the same network, and the same address, may be on two interfaces',
    async (c) => {
      const { system, name } = await stack(c);
      const other = await made(c, 'bridge', system);
      await run(system, (b) => [
        addIPv4Address(b, name, { address: '10.85.0.2', prefix: 24 }),
        addIPv4Address(b, other, { address: '10.85.0.3', prefix: 24 }),
        addIPv4Address(b, other, { address: '10.85.0.2', prefix: 24 }),
      ]);
      assert.deepEqual((await addressTexts(system, other, 4)).sort(), ['10.85.0.2', '10.85.0.3']);
    },
    inJailOn12,
  );

  states(
    'each stack has its own: the same address may be in two',
    async (c) => {
      for (const { system, name } of [await stack(c), await stack(c)]) {
        await run(system, (b) => addIPv4Address(b, name, { address: '10.85.0.2', prefix: 24 }));
        assert.deepEqual(await addressTexts(system, name, 4), ['10.85.0.2']);
      }
    },
    inJail,
  );

  states(
    'an unknown interface is ENXIO',
    async (c) => {
      const { system } = await stack(c);
      const adding = run(system, (b) => addIPv4Address(b, 'nosuch0', { address: '10.85.0.2', prefix: 24 }));
      await assert.rejects(adding, (error) => isKernelError(error, 'ENXIO'));
    },
    inJail,
  );

  states(
    'the family of the socket decides: others are EINVAL',
    async (c) => {
      const jail = await stack(c);
      for (const family of ['AF_LOCAL', 'AF_INET6'] as const) {
        assert.equal(await alias(jail, { address: '10.85.0.2', mask: mask24, family }), 'EINVAL');
      }
      assert.deepEqual(await addresses(jail), []);
    },
    inJailOn12,
  );

  states(
    'SIOCSIFADDR is EINVAL',
    async (c) => {
      const { system, name } = await stack(c);
      const address = socketAddressIPv4(system.bindings, parseIPv4('address', '10.85.0.2'));
      const error = await errorOf(system, 'SIOCSIFADDR', name, { ifr_addr: address }, 'AF_INET');
      assert.equal(error, 'EINVAL');
    },
    inJailOn12,
  );
});

group('SIOCDIFADDR, SIOCGIFADDR', 'observed on 12.1', (states) => {
  states(
    'an address is taken away once',
    async (c) => {
      const jail = await stack(c);
      const { system, name } = jail;
      await run(system, (b) => [
        addIPv4Address(b, name, { address: '10.85.0.2', prefix: 24 }),
        addIPv4Address(b, name, { address: '10.85.0.3', prefix: 24 }),
        removeIPv4Address(b, name, '10.85.0.2'),
      ]);
      assert.deepEqual(await addresses(jail), ['10.85.0.3']);
      const again = run(system, (b) => removeIPv4Address(b, name, '10.85.0.2'));
      await assert.rejects(again, (error) => isKernelError(error, 'EADDRNOTAVAIL'));
    },
    inJail,
  );

  states(
    'a request of zeros takes the first away',
    async (c) => {
      const jail = await stack(c);
      const { system, name } = jail;
      await run(system, (b) => [
        addIPv4Address(b, name, { address: '10.85.0.2', prefix: 24 }),
        addIPv4Address(b, name, { address: '10.85.0.3', prefix: 24 }),
      ]);
      assert.equal(await errorOf(system, 'SIOCDIFADDR', name, {}, 'AF_INET'), '');
      assert.deepEqual(await addresses(jail), ['10.85.0.3']);
    },
    inJailOn12,
  );

  states(
    'without an address both are EADDRNOTAVAIL',
    async (c) => {
      const { system, name } = await stack(c);
      for (const request of ['SIOCDIFADDR', 'SIOCGIFADDR'] as const) {
        assert.equal(await errorOf(system, request, name, {}, 'AF_INET'), 'EADDRNOTAVAIL');
      }
    },
    inJail,
  );
});
