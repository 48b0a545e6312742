import { readStruct } from '../layout.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import type { NvInput } from './nvlist.js';
import { familyNumber, type Family } from './pf-address.js';
import { control, controlByList, numberIn, type PacketFilter } from './pf-device.js';

/** One end of the states to kill: an address and its mask, both of 4 or 16 bytes. */
export interface KillEnd {
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
  /** In network order. */
  readonly port: Uint8Array;
  readonly portOperator: number;
}

/** What a struct pfioc_state_kill says. All that is zero or empty fits every state. */
export interface KillRequest {
  readonly id: bigint;
  readonly creator: number;
  readonly family: Family | undefined;
  readonly protocol: number;
  readonly source: KillEnd;
  readonly destination: KillEnd;
  readonly interface: string;
  readonly label: string;
}

/** A mask of zero fits every address. */
export const anyEnd: KillEnd = {
  address: new Uint8Array(0),
  mask: new Uint8Array(0),
  port: new Uint8Array(4),
  portOperator: 0,
};

/** Kills states and answers how many: DIOCKILLSTATES, and from 15 on DIOCKILLSTATESNV. */
export function requestKill(
  b: BatchBuilder,
  pf: PacketFilter,
  request: KillRequest,
  object: string,
): Step<number> {
  const { constants: c, layouts } = b.bindings;
  const { pfioc_state_kill, pf_state_cmp, pf_rule_addr, pf_addr_wrap } = layouts;
  if (c.DIOCKILLSTATES === undefined) return killByList(b, pf, request, object);
  const { fields } = pfioc_state_kill;
  const at = b.arena.struct(pfioc_state_kill, {
    psk_af: familyNumber(b, request.family),
    psk_proto: request.protocol,
    psk_ifname: request.interface,
    psk_label: request.label,
  });
  b.arena.writeStruct(at + fields.psk_pfcmp.offset, pf_state_cmp, {
    id: request.id,
    creatorid: request.creator,
  });
  for (const [field, { address: addr, mask, port, portOperator: port_op }] of [
    [fields.psk_src, request.source],
    [fields.psk_dst, request.destination],
  ] as const) {
    b.arena.writeStruct(at + field.offset, pf_rule_addr, { port, port_op });
    b.arena.writeStruct(at + field.offset + pf_rule_addr.fields.addr.offset, pf_addr_wrap, { addr, mask });
  }
  return {
    value: control(b, pf, c.DIOCKILLSTATES, at, `${object}: DIOCKILLSTATES`),
    decode: ({ arena }) => readStruct(arena, at, pfioc_state_kill).psk_killed,
  };
}

function killByList(b: BatchBuilder, pf: PacketFilter, request: KillRequest, object: string): Step<number> {
  const question: NvInput = {
    cmp: { id: request.id, creatorid: request.creator, direction: 0 },
    af: familyNumber(b, request.family),
    proto: request.protocol,
    src: endList(b, request.source),
    dst: endList(b, request.destination),
    ifname: request.interface,
    label: request.label,
    kill_match: false,
  };
  const step = controlByList(b, pf, 'DIOCKILLSTATESNV', question, `${object}: DIOCKILLSTATESNV`);
  return { value: step.value, decode: (outcome) => numberIn(step.decode(outcome), 'killed') };
}

function endList(b: BatchBuilder, { address, mask, port, portOperator }: KillEnd): NvInput {
  const whole = (bytes: Uint8Array): NvInput => {
    const addr = new Uint8Array(16);
    addr.set(bytes);
    return { addr };
  };
  const ports = new DataView(port.buffer, port.byteOffset, 4);
  return {
    addr: {
      type: b.bindings.constants.PF_ADDR_ADDRMASK,
      iflags: 0,
      addr: whole(address),
      mask: whole(mask),
    },
    // The numbers of the two bytes as they lie in memory.
    port: [ports.getUint16(0, true), ports.getUint16(2, true)],
    neg: 0,
    port_op: portOperator,
  };
}
