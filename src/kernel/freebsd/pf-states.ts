import { readStruct, readText } from '../layout.js';
import { maxArenaSize } from '../batch.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { formatIPv4, formatIPv6 } from './ip.js';
import { control, openPacketFilter, type PacketFilter } from './pf-device.js';
import { run, type FreeBSD } from './run.js';

/** The two ends of a connection, as they are seen on one side of a translation: addresses and ports. */
export type StateEnds = readonly [StateEnd, StateEnd];

export interface StateEnd {
  readonly address: string;
  /** Or the id of an ICMP query. */
  readonly port: number;
}

/** A connection that the filter knows: later packets of it pass, translated, whatever the rules say by then. */
export interface State {
  readonly id: bigint;
  /** Which host made it, as pfsync(4) has it. */
  readonly creator: number;
  /** IPPROTO_* */
  readonly protocol: number;
  readonly direction: 'in' | 'out';
  /** 'all' if it holds for every interface. */
  readonly interface: string;
  /** As packets carry them. */
  readonly wire: StateEnds;
  /** As they are without the translation; the same as `wire` if there is none. */
  readonly stack: StateEnds;
}

/**
 * All states: DIOCGETSTATES. It has no way to ask for some of them.
 *
 * @throws KernelError ENODEV from 15 on, if the kernel was built without COMPAT_FREEBSD14
 */
export async function listStates(system: FreeBSD): Promise<State[]> {
  const { size } = system.bindings.layouts.pfsync_state_1301;
  let needed = await run(system, (b) => stateBytes(b, openPacketFilter(b)));
  for (;;) {
    // Some more for those that come meanwhile.
    const capacity = needed + Math.ceil(needed / size / 4) * size + 64 * size;
    if (capacity > maxArenaSize / 2)
      throw new Error(`packet filter: ${needed / size} states are too many to read`);
    const { states, total } = await run(system, (b) => {
      const pf = openPacketFilter(b);
      return { states: readStates(b, pf, capacity), total: stateBytes(b, pf) };
    });
    if (total <= capacity) return states;
    needed = total;
  }
}

/** How many bytes all states take. */
function stateBytes(b: BatchBuilder, pf: PacketFilter): Step<number> {
  const { constants: c, layouts } = b.bindings;
  const at = b.arena.struct(layouts.pfioc_states, { ps_len: 0 });
  return {
    value: control(b, pf, c.DIOCGETSTATES, at, 'packet filter: DIOCGETSTATES'),
    decode: ({ arena }) => readStruct(arena, at, layouts.pfioc_states).ps_len,
  };
}

/** As many states as there is room for. */
function readStates(b: BatchBuilder, pf: PacketFilter, capacity: number): Step<State[]> {
  const { constants: c, layouts } = b.bindings;
  const { size } = layouts.pfsync_state_1301;
  const buffer = b.arena.reserve(capacity);
  const at = b.arena.struct(layouts.pfioc_states, { ps_len: capacity, ps_buf: buffer });
  return {
    value: control(b, pf, c.DIOCGETSTATES, at, 'packet filter: DIOCGETSTATES'),
    decode: ({ arena }) => {
      const length = readStruct(arena, at, layouts.pfioc_states).ps_len;
      if (length % size !== 0 || length > capacity) {
        throw new Error(`packet filter: DIOCGETSTATES: ${length} bytes are no states of ${size}`);
      }
      return Array.from({ length: length / size }, (_, index) => stateAt(b, arena, buffer + index * size));
    },
  };
}

function stateAt(b: BatchBuilder, arena: Uint8Array, at: number): State {
  const { constants: c, layouts } = b.bindings;
  const state = readStruct(arena, at, layouts.pfsync_state_1301);
  const address = (bytes: Uint8Array): string => {
    return state.af === c.AF_INET ? formatIPv4(bytes.subarray(0, 4)) : formatIPv6(bytes);
  };
  // Ports are in network order.
  const end = (bytes: Uint8Array, port: number): StateEnd => {
    return { address: address(bytes), port: ((port & 0xff) << 8) | (port >> 8) };
  };
  return {
    id: state.id,
    creator: state.creatorid,
    protocol: state.proto,
    direction: state.direction === c.PF_OUT ? 'out' : 'in',
    interface: readText(state.ifname),
    wire: [end(state.wire_addr0, state.wire_port0), end(state.wire_addr1, state.wire_port1)],
    stack: [end(state.stack_addr0, state.stack_port0), end(state.stack_addr1, state.stack_port1)],
  };
}
