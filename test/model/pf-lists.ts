import { readStruct, readText } from '../../src/kernel/layout.js';
import type { Bindings } from '../../src/kernel/bindings/types.js';
import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import { callText } from './pf-anchors.js';
import { pack, unpack, type Packed, type PackedValue } from './pf-nvlist.js';
import { findRule } from './pf-rules.js';
import type { KilledEnd, Killer, KillWish } from './pf-states.js';
import type { PacketFilter, PfRule } from './pf-state.js';

// The requests whose question and answer are lists: pf_ioctl.c and pf_nv.c of 14 and 15.

/** net.pf.request_maxcount */
const maxLength = 65_535n;

/** What a request asks: struct pfioc_nv. */
function questionOf({ memory, system }: CallContext, data: bigint): Packed {
  const layout = system.bindings.layouts.pfioc_nv ?? fail('ENODEV');
  const { data: buffer, len } = memory.struct(data, layout);
  if (len > maxLength) fail('ENOMEM');
  return unpack(memory.at(buffer, Number(len)));
}

/** ENOSPC if there is not enough room; with none at all, only the size is told. */
function answer({ memory, system }: CallContext, data: bigint, list: Packed): number {
  const layout = system.bindings.layouts.pfioc_nv ?? fail('ENODEV');
  const { data: buffer, size } = memory.struct(data, layout);
  const bytes = pack(list);
  memory.setFields(data, layout, { len: bytes.byteLength });
  if (size === 0n) return 0;
  if (size < BigInt(bytes.byteLength)) fail('ENOSPC');
  memory.write(buffer, bytes);
  return 0;
}

type Types = { [V in PackedValue as V['type']]: V['value'] };

function valueOf<T extends keyof Types>(list: Packed, name: string, type: T, missing: string): Types[T] {
  const found = list.get(name);
  if (found?.type !== type) return fail(missing);
  return found.value as Types[T];
}

/** pf_nvuint8() and its like: EINVAL if it is not there, ERANGE if it is too large. */
function unsigned(list: Packed, name: string, bits: number): bigint {
  const value = valueOf(list, name, 'number', 'EINVAL');
  if (value >= 1n << BigInt(bits)) fail('ERANGE');
  return value;
}

const number = (value: number | bigint): PackedValue => ({ type: 'number', value: BigInt(value) });
const string = (value: string): PackedValue => ({ type: 'string', value });
const nested = (values: Readonly<Record<string, PackedValue>>): PackedValue => {
  return { type: 'list', value: listOf(values) };
};

function listOf(values: Readonly<Record<string, PackedValue>>): Packed {
  return new Map(Object.entries(values));
}

/** DIOCGETSTATUSNV: with some of what is in it. The question is not read. */
export function getStatus(context: CallContext, filter: PacketFilter, data: bigint): number {
  const counters = nested({
    counters: { type: 'numbers', value: [0n, 0n] },
    names: { type: 'strings', value: ['match', 'bad-offset'] },
    ids: { type: 'numbers', value: [0n, 1n] },
  });
  const status = listOf({
    running: { type: 'bool', value: filter.running },
    since: number(1),
    hostid: number(filter.hostId),
    states: number(filter.states.length),
    counters,
    ifname: string(''),
    chksum: { type: 'binary', value: new Uint8Array(16) },
    pcounters: { type: 'numbers', value: [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n] },
  });
  return answer(context, data, status);
}

/** DIOCGETRULENV */
export function getRule(context: CallContext, filter: PacketFilter, data: bigint): number {
  const question = questionOf(context, data);
  const key = {
    anchor: valueOf(question, 'anchor', 'string', 'EBADMSG'),
    action: Number(valueOf(question, 'ruleset', 'number', 'EBADMSG')),
    ticket: Number(valueOf(question, 'ticket', 'number', 'EBADMSG')),
    number: Number(valueOf(question, 'nr', 'number', 'EBADMSG')),
  };
  const { anchor, rule } = findRule(context, filter, key);
  const list = listOf({
    nr: number(key.number),
    rule: ruleList(context.system.bindings, rule, key.number),
    anchor_call: string(callText(anchor, rule.call)),
  });
  return answer(context, data, list);
}

/** pf_krule_to_nvrule(): some of it. */
function ruleList(bindings: Bindings, { bytes, fields }: PfRule, position: number): PackedValue {
  const { src, dst } = bindings.layouts.pf_rule.fields;
  const label = readText(fields.label);
  const names = ['action', 'direction', 'quick', 'natpass', 'keep_state', 'af', 'proto', 'rtableid'] as const;
  return nested({
    nr: number(position),
    src: endList(bindings, bytes.subarray(src.offset, src.offset + src.size)),
    dst: endList(bindings, bytes.subarray(dst.offset, dst.offset + dst.size)),
    labels: { type: 'strings', value: [label, '', '', '', ''] },
    label: string(label),
    ifname: string(readText(fields.ifname)),
    rpool: poolList(bindings, bytes),
    ...Object.fromEntries(names.map((name) => [name, number(fields[name])])),
  });
}

/** pf_pool_to_nvpool(): some of it. */
function poolList({ layouts }: Bindings, bytes: Uint8Array): PackedValue {
  const { proxy_port, opts } = readStruct(bytes, layouts.pf_rule.fields.rpool.offset, layouts.pf_pool);
  const ports = new DataView(proxy_port.buffer, proxy_port.byteOffset, 4);
  return nested({
    proxy_port: {
      type: 'numbers',
      value: [BigInt(ports.getUint16(0, true)), BigInt(ports.getUint16(2, true))],
    },
    opts: number(opts),
  });
}

function endList({ constants: c, layouts }: Bindings, bytes: Uint8Array): PackedValue {
  const { port, neg, port_op } = readStruct(bytes, 0, layouts.pf_rule_addr);
  const { addr, ifname, mask, type, iflags } = readStruct(bytes, 0, layouts.pf_addr_wrap);
  const ports = new DataView(port.buffer, port.byteOffset, 4);
  const binary = (value: Uint8Array): PackedValue => nested({ addr: { type: 'binary', value } });
  return nested({
    addr: nested({
      ...{ type: number(type), iflags: number(iflags), addr: binary(addr), mask: binary(mask) },
      ...(type === c.PF_ADDR_DYNIFTL ? { ifname: string(readText(ifname)) } : {}),
    }),
    port: { type: 'numbers', value: [BigInt(ports.getUint16(0, true)), BigInt(ports.getUint16(2, true))] },
    neg: number(neg),
    port_op: number(port_op),
  });
}

/** DIOCKILLSTATESNV and DIOCCLRSTATESNV. */
export function killByList(context: CallContext, filter: PacketFilter, data: bigint, kill: Killer): number {
  const { bindings } = context.system;
  const killed = kill(bindings, filter, wishIn(bindings, questionOf(context, data)));
  return answer(context, data, listOf({ killed: number(killed) }));
}

/** pf_nvstate_kill_to_kstate_kill() */
function wishIn({ constants: c }: Bindings, question: Packed): KillWish {
  const compared = valueOf(question, 'cmp', 'list', 'EINVAL');
  unsigned(compared, 'direction', 8);
  return {
    id: unsigned(compared, 'id', 64),
    creator: Number(unsigned(compared, 'creatorid', 32)),
    family: Number(unsigned(question, 'af', 8)),
    protocol: Number(unsigned(question, 'proto', 31)),
    source: endIn(valueOf(question, 'src', 'list', 'EINVAL')),
    destination: endIn(valueOf(question, 'dst', 'list', 'EINVAL')),
    interface: textIn(question, 'ifname', c.IFNAMSIZ),
    label: textIn(question, 'label', c.PF_RULE_LABEL_SIZE),
    matching: valueOf(question, 'kill_match', 'bool', 'EINVAL'),
  };
}

function textIn(question: Packed, name: string, capacity: number): string {
  const value = valueOf(question, name, 'string', 'EINVAL');
  return Buffer.byteLength(value) < capacity ? value : fail('EINVAL');
}

/** pf_nvrule_addr_to_rule_addr() */
function endIn(end: Packed): KilledEnd {
  const wrap = valueOf(end, 'addr', 'list', 'EINVAL');
  if (unsigned(wrap, 'type', 8) > 6n) fail('EINVAL');
  unsigned(wrap, 'iflags', 8);
  const bytesOf = (name: string): Uint8Array => {
    const value = valueOf(valueOf(wrap, name, 'list', 'EINVAL'), 'addr', 'binary', 'EINVAL');
    return value.byteLength <= 16 ? value : fail('EINVAL');
  };
  const [address, mask] = [bytesOf('addr'), bytesOf('mask')];
  const ports = valueOf(end, 'port', 'numbers', 'EINVAL');
  if (ports.length !== 2) fail('E2BIG');
  const [low = 0n, high = 0n] = ports;
  if (low > 0xffffn || high > 0xffffn) fail('ERANGE');
  const negated = unsigned(end, 'neg', 8) !== 0n;
  const operator = Number(unsigned(end, 'port_op', 8));
  if (operator > 9) fail('EINVAL');
  return { address, mask, negated, ports: [Number(low), Number(high)], operator };
}
