import { readStruct, readText } from '../layout.js';
import type { Bindings } from '../bindings/types.js';
import { listIn, numberIn, textIn } from './pf-device.js';
import type { NvList } from './nvlist.js';

/** A struct pf_addr_wrap: an address with a mask, or the name of an interface or a table. */
export interface RawAddress {
  /** PF_ADDR_* */
  readonly type: number;
  /** Sixteen bytes; IPv4 has the first four. */
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
  /** Of PF_ADDR_DYNIFTL; '' otherwise. */
  readonly interface: string;
}

/** A struct pf_rule_addr. */
export interface RawEnd {
  readonly address: RawAddress;
  /** PF_OP_* */
  readonly operator: number;
  readonly ports: readonly [number, number];
  readonly not: boolean;
}

/** A rule as the kernel has it: the fields that rules of ours have. */
export interface RawRule {
  readonly action: number;
  readonly direction: number;
  readonly quick: boolean;
  readonly pass: boolean;
  readonly family: number;
  readonly protocol: number;
  readonly interface: string;
  readonly label: string;
  readonly source: RawEnd;
  readonly destination: RawEnd;
  /** Of the pool; zeros for none. */
  readonly ports: readonly [number, number];
  readonly target: RawAddress | undefined;
  readonly anchorCall: string;
}

type OwnFields = Omit<RawRule, 'target' | 'anchorCall'>;

/** What a struct pf_rule says. */
export function ruleOfStruct(bindings: Bindings, arena: Uint8Array, at: number): OwnFields {
  const { pf_pool, pf_rule } = bindings.layouts;
  const rule = readStruct(arena, at, pf_rule);
  const { proxy_port } = readStruct(arena, at + pf_rule.fields.rpool.offset, pf_pool);
  return {
    action: rule.action,
    direction: rule.direction,
    quick: rule.quick !== 0,
    pass: rule.natpass !== 0,
    family: rule.af,
    protocol: rule.proto,
    interface: readText(rule.ifname),
    label: readText(rule.label),
    source: endOfStruct(bindings, arena, at + pf_rule.fields.src.offset),
    destination: endOfStruct(bindings, arena, at + pf_rule.fields.dst.offset),
    // In the order of the host, unlike the ports of the ends.
    ports: twoPorts(proxy_port, true),
  };
}

function endOfStruct(bindings: Bindings, arena: Uint8Array, at: number): RawEnd {
  const { pf_rule_addr } = bindings.layouts;
  const { neg, port, port_op } = readStruct(arena, at, pf_rule_addr);
  return {
    address: addressOfStruct(bindings, arena, at + pf_rule_addr.fields.addr.offset),
    operator: port_op,
    ports: twoPorts(port, false),
    not: neg !== 0,
  };
}

/** What a struct pf_addr_wrap says. */
export function addressOfStruct({ constants, layouts }: Bindings, arena: Uint8Array, at: number): RawAddress {
  const { addr, ifname, mask, type } = readStruct(arena, at, layouts.pf_addr_wrap);
  const isInterface = type === constants.PF_ADDR_DYNIFTL;
  return { type, address: addr.slice(), mask: mask.slice(), interface: isInterface ? readText(ifname) : '' };
}

function twoPorts(bytes: Uint8Array, littleEndian: boolean): [number, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [view.getUint16(0, littleEndian), view.getUint16(2, littleEndian)];
}

/** What an answer of DIOCGETRULENV says of a rule: pf_nv.c. */
export function ruleOfList(bindings: Bindings, rule: NvList): OwnFields {
  return {
    action: numberIn(rule, 'action'),
    direction: numberIn(rule, 'direction'),
    quick: numberIn(rule, 'quick') !== 0,
    pass: numberIn(rule, 'natpass') !== 0,
    family: numberIn(rule, 'af'),
    protocol: numberIn(rule, 'proto'),
    interface: textIn(rule, 'ifname'),
    label: textIn(rule, 'label'),
    source: endOfList(bindings, listIn(rule, 'src')),
    destination: endOfList(bindings, listIn(rule, 'dst')),
    ports: twoNumbers(listIn(rule, 'rpool'), 'proxy_port'),
  };
}

function endOfList({ constants }: Bindings, end: NvList): RawEnd {
  const wrap = listIn(end, 'addr');
  const type = numberIn(wrap, 'type');
  const [first, last] = twoNumbers(end, 'port');
  return {
    address: {
      type,
      address: bytesIn(listIn(wrap, 'addr'), 'addr'),
      mask: bytesIn(listIn(wrap, 'mask'), 'addr'),
      interface: type === constants.PF_ADDR_DYNIFTL ? textIn(wrap, 'ifname') : '',
    },
    operator: numberIn(end, 'port_op'),
    // Numbers of the host's order that were read out of bytes in network order.
    ports: [swapped(first), swapped(last)],
    not: numberIn(end, 'neg') !== 0,
  };
}

function swapped(port: number): number {
  return ((port & 0xff) << 8) | (port >> 8);
}

function twoNumbers(list: NvList, name: string): [number, number] {
  const value = list.get(name);
  if (!Array.isArray(value)) throw new Error(`packet filter: the answer has no numbers '${name}'`);
  const [first = 0, second = 0] = value.map(Number);
  return [first, second];
}

function bytesIn(list: NvList, name: string): Uint8Array {
  const value = list.get(name);
  if (!(value instanceof Uint8Array)) throw new Error(`packet filter: the answer has no bytes '${name}'`);
  const whole = new Uint8Array(16);
  whole.set(value.subarray(0, 16));
  return whole;
}
