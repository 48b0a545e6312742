import { readStruct, readText } from '../../src/kernel/layout.js';
import type { Bindings } from '../../src/kernel/bindings/types.js';
import type { CallContext } from './open-file.js';
import type { PacketFilter, PfState } from './pf-state.js';

/** One end of the states that are to go. */
export interface KilledEnd {
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
  readonly negated: boolean;
  /** As they lie in memory: in network order. */
  readonly ports: readonly [number, number];
  readonly operator: number;
}

/** What a request to kill states says. */
export interface KillWish {
  readonly id: bigint;
  readonly creator: number;
  readonly family: number;
  readonly protocol: number;
  readonly source: KilledEnd;
  readonly destination: KilledEnd;
  readonly interface: string;
  readonly label: string;
  /** Those of the same connection on other interfaces go too. */
  readonly matching: boolean;
}

/** What kills states, and answers how many. */
export type Killer = (bindings: Bindings, filter: PacketFilter, wish: KillWish) => number;

/** DIOCGETSTATES: how many bytes it takes, or as many states as there is room for. */
export function getStates({ memory, system }: CallContext, filter: PacketFilter, data: bigint): number {
  const { pfioc_states, pfsync_state_1301: layout } = system.bindings.layouts;
  const { ps_len: room, ps_buf: buffer } = memory.struct(data, pfioc_states);
  if (room <= 0) {
    memory.setFields(data, pfioc_states, { ps_len: layout.size * filter.states.length });
    return 0;
  }
  const fitting = filter.states.slice(0, Math.floor(room / layout.size));
  fitting.forEach((state, index) => {
    const at = buffer + BigInt(index * layout.size);
    memory.at(at, layout.size).fill(0);
    memory.setFields(at, layout, {
      id: state.id,
      creatorid: filter.hostId,
      ifname: Buffer.from(state.interface),
      wire_addr0: state.wire.addresses[0],
      wire_addr1: state.wire.addresses[1],
      wire_port0: swapped(state.wire.ports[0]),
      wire_port1: swapped(state.wire.ports[1]),
      stack_addr0: state.stack.addresses[0],
      stack_addr1: state.stack.addresses[1],
      stack_port0: swapped(state.stack.ports[0]),
      stack_port1: swapped(state.stack.ports[1]),
      af: state.family,
      proto: state.protocol,
      direction: state.direction,
    });
  });
  memory.setFields(data, pfioc_states, { ps_len: layout.size * fitting.length });
  return 0;
}

function swapped(port: number): number {
  return ((port & 0xff) << 8) | (port >> 8);
}

/** DIOCKILLSTATES and DIOCCLRSTATES by struct pfioc_state_kill. */
export function killByStruct(
  { memory, system }: CallContext,
  filter: PacketFilter,
  data: bigint,
  kill: Killer,
): number {
  const { bindings } = system;
  const { pfioc_state_kill, pf_state_cmp } = bindings.layouts;
  const request = memory.struct(data, pfioc_state_kill);
  const { id, creatorid: creator } = readStruct(request.psk_pfcmp, 0, pf_state_cmp);
  const killed = kill(bindings, filter, {
    id,
    creator,
    family: request.psk_af,
    protocol: request.psk_proto,
    source: endIn(bindings, request.psk_src),
    destination: endIn(bindings, request.psk_dst),
    interface: readText(request.psk_ifname),
    label: readText(request.psk_label),
    matching: false,
  });
  memory.setFields(data, pfioc_state_kill, { psk_killed: killed });
  return 0;
}

function endIn({ layouts }: Bindings, bytes: Uint8Array): KilledEnd {
  const { neg, port, port_op: operator } = readStruct(bytes, 0, layouts.pf_rule_addr);
  const wrap = readStruct(bytes, layouts.pf_rule_addr.fields.addr.offset, layouts.pf_addr_wrap);
  const view = new DataView(port.buffer, port.byteOffset, 4);
  const ports = [view.getUint16(0, true), view.getUint16(2, true)] as const;
  return { address: wrap.addr, mask: wrap.mask, negated: neg !== 0, ports, operator };
}

/** pf_clear_states(): only the interface is asked for. */
export const clearStates: Killer = (_, filter, wish) => {
  return removeStates(filter, (state) => wish.interface === '' || state.interface === wish.interface);
};

/** pf_killstates(): one by its id, or those whose first packet, as it was on the wire, fits. */
export const killStates: Killer = (bindings, filter, wish) => {
  if (wish.id !== 0n) {
    const creator = wish.creator === 0 ? filter.hostId : wish.creator;
    return removeStates(filter, ({ id }) => id === wish.id && creator === filter.hostId);
  }
  const chosen = filter.states.filter((state) => fits(bindings, state, wish));
  const others = wish.matching ? chosen.flatMap((state) => matching(bindings, filter, state)) : [];
  return removeStates(filter, (state) => chosen.includes(state) || others.includes(state));
};

function removeStates(filter: PacketFilter, goes: (state: PfState) => boolean): number {
  const before = filter.states.length;
  filter.states = filter.states.filter((state) => !goes(state));
  return before - filter.states.length;
}

function fits({ constants: c }: Bindings, state: PfState, wish: KillWish): boolean {
  const { wire } = state;
  const [source, destination] = state.direction === c.PF_OUT ? ([1, 0] as const) : ([0, 1] as const);
  return (
    (wish.family === 0 || wish.family === state.family) &&
    (wish.protocol === 0 || wish.protocol === state.protocol) &&
    fitsEnd(c, wish.source, wire.addresses[source], wire.ports[source]) &&
    fitsEnd(c, wish.destination, wire.addresses[destination], wire.ports[destination]) &&
    (wish.label === '' || wish.label === state.label) &&
    (wish.interface === '' || wish.interface === state.interface)
  );
}

function fitsEnd(c: Bindings['constants'], end: KilledEnd, address: Uint8Array, port: number): boolean {
  const masked = address.every((byte, index) => {
    const mask = end.mask[index] ?? 0;
    return (byte & mask) === ((end.address[index] ?? 0) & mask);
  });
  const [low, high] = end.ports.map(swapped) as [number, number];
  const inPorts =
    end.operator === c.PF_OP_NONE ||
    (end.operator === c.PF_OP_EQ && port === low) ||
    (end.operator === c.PF_OP_RRG && port >= low && port <= high);
  return masked !== end.negated && inPorts;
}

/** pf_kill_matching_state(): that of the other direction whose far side is this one's near side. */
function matching({ constants: c }: Bindings, filter: PacketFilter, state: PfState): PfState[] {
  const [near, direction] = state.direction === c.PF_OUT ? [state.stack, c.PF_IN] : [state.wire, c.PF_OUT];
  const found = filter.states.filter((other) => {
    const far = direction === c.PF_IN ? other.wire : other.stack;
    return (
      other !== state &&
      other.direction === direction &&
      other.protocol === state.protocol &&
      Buffer.compare(far.addresses[0], near.addresses[1]) === 0 &&
      Buffer.compare(far.addresses[1], near.addresses[0]) === 0 &&
      far.ports[0] === near.ports[1] &&
      far.ports[1] === near.ports[0]
    );
  });
  // Of several, none is the one.
  return found.length === 1 ? found : [];
}
