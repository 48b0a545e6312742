import { readStruct, readText } from '../../src/kernel/layout.js';
import type { Bindings } from '../../src/kernel/bindings/types.js';
import { rulesetNumber, type RulesetKind } from '../../src/kernel/freebsd/pf-anchor.js';
import { childrenOf, type PfAnchor, type PfRule } from './pf-state.js';
import type { Vnet } from './vnet.js';

// What the rules say of a packet: pf_test_rule() and pf_get_translation() of pf.c and pf_lb.c, without states.

/** One end of a packet. */
export interface PacketEnd {
  readonly address: Uint8Array;
  readonly port: number;
}

/** A packet as it comes into the host or goes out of it. */
export interface Packet {
  readonly direction: 'in' | 'out';
  readonly interface: string;
  /** IPPROTO_* */
  readonly protocol: number;
  readonly source: PacketEnd;
  readonly destination: PacketEnd;
}

/** The rules that are asked: those of a network stack. */
export interface Asked {
  readonly vnet: Vnet;
  readonly bindings: Bindings;
}

/** Where a packet is sent instead; undefined if no rule sends it elsewhere. */
export function redirected(asked: Asked, packet: Packet): PacketEnd | undefined {
  const rule = firstMatch(asked, asked.vnet.filter.main, 'rdr', packet);
  if (rule?.fields.action !== asked.bindings.constants.PF_RDR) return undefined;
  const address = poolAddress(asked, rule, packet);
  if (address === undefined) return undefined;
  const [low, high] = poolPorts(asked.bindings, rule);
  const { port } = readStruct(
    rule.bytes,
    asked.bindings.layouts.pf_rule.fields.dst.offset,
    rangeLayout(asked),
  );
  const { port: wanted } = packet.destination;
  if (high === 0) return { address, port: low === 0 ? wanted : low };
  const first = new DataView(port.buffer, port.byteOffset).getUint16(0, false);
  return { address, port: ((wanted - first) % (high - low + 1)) + low };
}

/** The source that a packet is given; undefined if no rule gives it another one. */
export function sourceGiven(asked: Asked, packet: Packet): Uint8Array | undefined {
  const rule = firstMatch(asked, asked.vnet.filter.main, 'nat', packet);
  return rule?.fields.action === asked.bindings.constants.PF_NAT
    ? poolAddress(asked, rule, packet)
    : undefined;
}

/** Whether the filter rules let a packet pass, and the label of the rule that decides. */
export function decision(asked: Asked, packet: Packet): { readonly passes: boolean; readonly label: string } {
  const { rule } = lastMatch(asked, asked.vnet.filter.main, packet);
  if (rule === undefined) return { passes: true, label: '' };
  const passes = rule.fields.action === asked.bindings.constants.PF_PASS;
  return { passes, label: readText(rule.fields.label) };
}

function rangeLayout({ bindings }: Asked): Bindings['layouts']['pf_rule_addr'] {
  return bindings.layouts.pf_rule_addr;
}

function activeRules({ bindings }: Asked, anchor: PfAnchor, kind: RulesetKind): readonly PfRule[] {
  return anchor.rulesets[rulesetNumber(bindings, kind)]?.active.rules ?? [];
}

/** A star calls the anchors directly below, in their order; anything else the anchor itself. */
function calledBy(rule: PfRule): readonly PfAnchor[] {
  if (rule.call === undefined) return [];
  return rule.call.wildcard ? childrenOf(rule.call.anchor) : [rule.call.anchor];
}

/** Of translation the first rule that matches decides. */
function firstMatch(asked: Asked, anchor: PfAnchor, kind: RulesetKind, packet: Packet): PfRule | undefined {
  for (const rule of activeRules(asked, anchor, kind)) {
    if (!matches(asked, rule, packet)) continue;
    if (rule.call === undefined) return rule;
    for (const called of calledBy(rule)) {
      const found = firstMatch(asked, called, kind, packet);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Of the filter the last rule that matches decides, or the first quick one. */
function lastMatch(
  asked: Asked,
  anchor: PfAnchor,
  packet: Packet,
): { rule: PfRule | undefined; quick: boolean } {
  let last: PfRule | undefined;
  for (const rule of activeRules(asked, anchor, 'filter')) {
    if (!matches(asked, rule, packet)) continue;
    if (rule.call === undefined) {
      last = rule;
      if (rule.fields.quick !== 0) return { rule, quick: true };
    }
    for (const called of calledBy(rule)) {
      const found = lastMatch(asked, called, packet);
      last = found.rule ?? last;
      if (found.quick) return found;
    }
  }
  return { rule: last, quick: false };
}

function matches(asked: Asked, { bytes, fields }: PfRule, packet: Packet): boolean {
  const { constants: c, layouts } = asked.bindings;
  const family = packet.source.address.byteLength === 4 ? c.AF_INET : c.AF_INET6;
  const name = readText(fields.ifname);
  const direction = packet.direction === 'in' ? c.PF_IN : c.PF_OUT;
  const { src, dst } = layouts.pf_rule.fields;
  return (
    (name === '' || isOn(asked.vnet, packet.interface, name)) &&
    (fields.direction === c.PF_INOUT || fields.direction === direction) &&
    (fields.af === 0 || fields.af === family) &&
    (fields.proto === 0 || fields.proto === packet.protocol) &&
    matchesEnd(asked, bytes, src.offset, packet.source) &&
    matchesEnd(asked, bytes, dst.offset, packet.destination)
  );
}

/** An interface by its name or one of its groups. */
function isOn(vnet: Vnet, interface_: string, name: string): boolean {
  return interface_ === name || vnet.find(interface_)?.groups.includes(name) === true;
}

function matchesEnd(asked: Asked, bytes: Uint8Array, at: number, end: PacketEnd): boolean {
  const { constants: c, layouts } = asked.bindings;
  const { neg, port, port_op } = readStruct(bytes, at, layouts.pf_rule_addr);
  const wrap = readStruct(bytes, at + layouts.pf_rule_addr.fields.addr.offset, layouts.pf_addr_wrap);
  const inAddress =
    wrap.type === c.PF_ADDR_DYNIFTL
      ? addressesOf(asked.vnet, readText(wrap.ifname)).some((each) => Buffer.compare(each, end.address) === 0)
      : end.address.every(
          (byte, index) => ((byte ^ (wrap.addr[index] ?? 0)) & (wrap.mask[index] ?? 0)) === 0,
        );
  const view = new DataView(port.buffer, port.byteOffset);
  const [low, high] = [view.getUint16(0, false), view.getUint16(2, false)];
  const inPorts =
    port_op === c.PF_OP_NONE ||
    (port_op === c.PF_OP_EQ && end.port === low) ||
    (port_op === c.PF_OP_RRG && end.port >= low && end.port <= high);
  return inAddress !== (neg !== 0) && inPorts;
}

/** Those of an interface, or of the interfaces of a group, as they are now. */
function addressesOf({ interfaces }: Vnet, name: string): Uint8Array[] {
  return interfaces
    .filter((each) => each.name === name || each.groups.includes(name))
    .flatMap(({ addresses4, addresses6 }) => [...addresses4, ...addresses6].map(({ address }) => address));
}

/** An interface without an address leads nowhere: the packet stays as it is. */
function poolAddress({ bindings, vnet }: Asked, { pool }: PfRule, packet: Packet): Uint8Array | undefined {
  const { constants: c, layouts } = bindings;
  const [first] = pool;
  if (first === undefined) return undefined;
  const wrap = readStruct(first.bytes, layouts.pf_pooladdr.fields.addr.offset, layouts.pf_addr_wrap);
  const size = packet.source.address.byteLength;
  if (wrap.type !== c.PF_ADDR_DYNIFTL) return wrap.addr.subarray(0, size);
  return addressesOf(vnet, readText(wrap.ifname)).find(({ byteLength }) => byteLength === size);
}

/** proxy_port, in the order of the host. */
function poolPorts({ layouts }: Bindings, { bytes }: PfRule): readonly [low: number, high: number] {
  const { proxy_port } = readStruct(bytes, layouts.pf_rule.fields.rpool.offset, layouts.pf_pool);
  const view = new DataView(proxy_port.buffer, proxy_port.byteOffset);
  return [view.getUint16(0, true), view.getUint16(2, true)];
}
