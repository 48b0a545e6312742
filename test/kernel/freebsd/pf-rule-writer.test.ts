import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allBindings } from '../../../src/kernel/bindings/select.js';
import type { Rule } from '../../../src/kernel/freebsd/pf-rule.js';
import { addRule } from '../../../src/kernel/freebsd/pf-transaction.js';
import { builtRequests, written } from './requests.js';

const place = { anchor: 'top/c1', ticket: 0x0102_0304, poolTicket: 0x0506_0708 };

/** Offsets in struct pfioc_rule, in which the rule begins at 2064, and bytes that are not zero. */
const common = {
  // ticket, pool_ticket
  4: [4, 3, 2, 1, 8, 7, 6, 5],
  16: [...Buffer.from('top/c1')],
  // rtableid: -1
  2764: [255, 255, 255, 255],
};

const text = (value: string): number[] => [...Buffer.from(value)];

interface Expectation {
  readonly rule: Rule;
  /** In struct pf_rule. */
  readonly fields: Readonly<Record<number, number[]>>;
  /** In struct pfioc_pooladdr, in which the address begins at 1048, without its ticket. */
  readonly pool?: Readonly<Record<number, number[]>>;
}

const expectations: Readonly<Record<string, Expectation>> = {
  'pass, which keeps states that begin with SYN': {
    rule: { kind: 'filter', action: 'pass', label: 'c1', interface: 'bridge0' },
    fields: { 176: text('c1'), 240: text('bridge0'), 912: [1], 917: [2, 0x12] },
  },
  'block in, quick': {
    rule: { kind: 'filter', action: 'block', direction: 'in', quick: true, family: 'inet6' },
    fields: { 904: [1, 1], 908: [1], 913: [28] },
  },
  'pass out of UDP from a network to a range of ports of all hosts but one': {
    rule: {
      kind: 'filter',
      action: 'pass',
      direction: 'out',
      protocol: 'udp',
      source: { address: { network: '10.0.4.0', prefix: 22 } },
      destination: { address: { network: '192.0.2.1' }, not: true, ports: { first: 8000, last: 8010 } },
    },
    fields: {
      0: [10],
      2: [4],
      16: [255, 255, 252],
      56: [192],
      58: [2, 1],
      72: [255, 255, 255, 255],
      // ports in network order, neg, PF_OP_RRG
      104: [0x1f, 0x40, 0x1f, 0x4a, 1, 9],
      905: [2],
      912: [1, 2, 17],
    },
  },
  'nat of a network to the address of an interface': {
    rule: {
      kind: 'nat',
      interface: 'vtnet0',
      source: { address: { network: '10.0.0.0', prefix: 8 } },
      to: { interface: 'vtnet0' },
    },
    fields: {
      0: [10],
      16: [255],
      240: text('vtnet0'),
      // proxy_port in the order of the host
      620: [0x51, 0xc3, 255, 255],
      904: [4],
      913: [2],
    },
    // af; name, mask, PF_ADDR_DYNIFTL, PFI_AFLAG_NOALIAS
    pool: { 18: [2], 1048: text('vtnet0'), 1064: Array<number>(16).fill(255), 1088: [2, 8] },
  },
  'nat to the addresses of a group, in turn': {
    rule: { kind: 'nat', family: 'inet6', to: { interface: 'egress' }, ports: { first: 1024, last: 2047 } },
    // proxy_port, PF_POOL_ROUNDROBIN
    fields: { 621: [4, 255, 7, 4], 904: [4], 913: [28] },
    pool: { 18: [28], 1048: text('egress'), 1064: Array<number>(16).fill(255), 1088: [2, 8] },
  },
  'no nat': {
    rule: {
      kind: 'nat',
      to: undefined,
      destination: { address: { network: 'fd00::', prefix: 8 } },
    },
    fields: { 56: [0xfd], 72: [255], 904: [5], 913: [28] },
  },
  'rdr of one port': {
    rule: {
      kind: 'rdr',
      protocol: 'tcp',
      destination: { address: { network: '192.0.2.1' }, ports: { first: 8080 } },
      to: { network: '10.0.0.2' },
      ports: { first: 80 },
      pass: true,
    },
    fields: {
      56: [192],
      58: [2, 1],
      72: [255, 255, 255, 255],
      104: [0x1f, 0x90],
      // PF_OP_EQ
      109: [2],
      620: [80],
      622: [80],
      904: [8],
      911: [1],
      913: [2, 6],
    },
    pool: { 18: [2], 1048: [10], 1051: [2], 1064: [255, 255, 255, 255] },
  },
  'rdr of a range of ports of IPv6, at the addresses of an interface': {
    rule: {
      kind: 'rdr',
      protocol: 'udp',
      destination: { address: { interface: 'em0' }, ports: { first: 5000, last: 5009 } },
      to: { network: 'fd00::2', prefix: 128 },
      ports: { first: 6000, last: 6009 },
    },
    fields: {
      56: text('em0'),
      72: Array<number>(16).fill(255),
      96: [2, 8],
      104: [0x13, 0x88, 0x13, 0x91],
      109: [9],
      620: [0x70, 0x17, 0x79, 0x17],
      904: [8],
      913: [28, 17],
    },
    pool: { 18: [28], 1048: [0xfd], 1063: [2, ...Array<number>(16).fill(255)] },
  },
  'rdr that leaves the port as it is': {
    rule: { kind: 'rdr', to: { network: '10.0.0.2' } },
    fields: { 904: [8], 913: [2] },
    pool: { 18: [2], 1048: [10], 1051: [2], 1064: [255, 255, 255, 255] },
  },
  'no rdr': { rule: { kind: 'rdr', to: undefined }, fields: { 904: [9] } },
};

for (const bindings of allBindings) {
  describe(`rules of FreeBSD ${bindings.release} on ${bindings.arch}`, () => {
    for (const [what, { rule, fields, pool }] of Object.entries(expectations)) {
      it(what, () => {
        const requests = builtRequests(bindings, (b) => addRule(b, 0, place, rule));
        const [begin, ...others] = requests;
        const added = others.pop();
        assert.deepEqual([begin?.number, written(begin?.bytes ?? new Uint8Array(1))], [0xc470_4433, {}]);
        assert.equal(added?.number, 0xcbe0_4404);
        const expected = Object.entries(fields).map(([offset, bytes]) => [Number(offset) + 2064, bytes]);
        const found = written(added.bytes);
        assert.deepEqual(found, { ...common, ...Object.fromEntries(expected) });
        if (pool === undefined) {
          assert.deepEqual(others, []);
          return;
        }
        assert.deepEqual(
          others.map(({ number, bytes }) => [number, written(bytes)]),
          [[0xc470_4434, { 4: [8, 7, 6, 5], ...pool }]],
        );
      });
    }
  });
}

describe('writeRule', () => {
  const pass = { kind: 'filter', action: 'pass' } as const;
  const rdr = { kind: 'rdr', protocol: 'tcp', to: { network: '10.0.0.2' } } as const;
  const nat = { kind: 'nat', to: { interface: 'vtnet0' }, family: 'inet' } as const;
  const wrong: readonly (readonly [Rule, string])[] = [
    [{ ...pass, interface: 'a'.repeat(16) }, 'filter rule: interface: 16 bytes, at most 15'],
    [{ ...pass, interface: 'em0\0' }, 'filter rule: interface: contains a NUL'],
    [{ ...pass, interface: '' }, "filter rule: interface: '' is not a name of an interface"],
    [{ ...pass, interface: '(em0)' }, "filter rule: interface: '(em0)' is not a name of an interface"],
    [{ ...pass, label: 'l'.repeat(64) }, 'filter rule: label: 64 bytes, at most 63'],
    [{ ...pass, label: 'a\0b' }, 'filter rule: label: contains a NUL'],
    [{ ...pass, label: '' }, 'filter rule: label: empty'],
    [
      { ...pass, source: { address: { network: '10.0.0.256' } } },
      "filter rule: source: '10.0.0.256' is not an IPv6 address",
    ],
    [
      { ...pass, source: { address: { network: 'fe80::1%em0' } } },
      "filter rule: source: 'fe80::1%em0' is not an IPv6 address",
    ],
    [
      { ...pass, source: { address: { network: '10.0.0.0', prefix: 33 } } },
      'filter rule: source: prefix: 33 is not an integer from 0 to 32',
    ],
    [
      { ...pass, destination: { address: { network: 'fd00::', prefix: 129 } } },
      'filter rule: destination: prefix: 129 is not an integer from 0 to 128',
    ],
    [
      { ...pass, destination: { address: { network: '10.0.0.1', prefix: 24 } } },
      'filter rule: destination: 10.0.0.1/24 has bits set beyond its prefix',
    ],
    [{ ...pass, destination: { not: true } }, 'filter rule: destination: not, but no address'],
    [
      { ...pass, protocol: 'tcp', destination: { ports: { first: 0 } } },
      'filter rule: destination: port: 0 is not an integer from 1 to 65535',
    ],
    [
      { ...pass, protocol: 'tcp', destination: { ports: { first: 80, last: 65_536 } } },
      'filter rule: destination: port: last: 65536 is not an integer from 80 to 65535',
    ],
    [
      { ...pass, protocol: 'tcp', source: { ports: { first: 80, last: 79 } } },
      'filter rule: source: port: last: 79 is not an integer from 80 to 65535',
    ],
    [
      { ...pass, protocol: 'tcp', source: { ports: { first: 80.5 } } },
      'filter rule: source: port: 80.5 is not an integer from 1 to 65535',
    ],
    [
      { ...pass, destination: { ports: { first: 80 } } },
      'filter rule: ports without a protocol that has ports',
    ],
    [
      { ...pass, protocol: 'icmp', destination: { ports: { first: 80 } } },
      'filter rule: ports without a protocol that has ports',
    ],
    [{ ...pass, protocol: 'icmp', family: 'inet6' }, 'filter rule: icmp is not inet6'],
    [{ ...pass, protocol: 'icmp6', family: 'inet' }, 'filter rule: icmp6 is not inet'],
    [
      { ...pass, family: 'inet', source: { address: { network: 'fd00::', prefix: 8 } } },
      'filter rule: source is inet6, family inet',
    ],
    [
      { ...rdr, destination: { address: { network: 'fd00::1' } } },
      'rdr rule: target is inet, destination inet6',
    ],
    [{ kind: 'nat', to: { interface: 'vtnet0' } }, 'nat rule: target: its family is not known'],
    [{ ...rdr, to: { network: '10.0.0.0', prefix: 24 } }, 'rdr rule: target: 10.0.0.0/24 is not one host'],
    [{ ...rdr, ports: { first: 80 } }, 'rdr rule: target: port: the destination has none'],
    [
      { ...rdr, destination: { ports: { first: 80, last: 89 } }, ports: { first: 1000, last: 1008 } },
      'rdr rule: target: port: 9 ports for 10',
    ],
    [
      { ...rdr, destination: { ports: { first: 80 } }, ports: { first: 70_000 } },
      'rdr rule: target: port: 70000 is not an integer from 1 to 65535',
    ],
    [
      { ...nat, ports: { first: 0, last: 10 } },
      'nat rule: target: port: 0 is not an integer from 1 to 65535',
    ],
    [{ ...nat, to: { interface: 'x y' } }, "target: interface: 'x y' is not a name of an interface"],
  ];
  for (const bindings of allBindings.filter(({ arch }) => arch === 'amd64')) {
    for (const [rule, message] of wrong) {
      it(`refuses on ${bindings.release}: ${message}`, () => {
        const startsSo = (error: unknown): boolean => {
          return error instanceof RangeError && error.message.startsWith(message);
        };
        assert.throws(() => builtRequests(bindings, (b) => addRule(b, 0, place, rule)), startsSo);
      });
    }
  }
});
