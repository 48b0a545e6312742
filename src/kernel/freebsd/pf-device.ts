import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { required } from './check.js';
import { openTemporarily } from './file.js';
import type { NvInput, NvList } from './nvlist.js';
import { packList } from './nvlist-pack.js';
import { unpackList } from './nvlist-unpack.js';
import { readStruct } from '../layout.js';

// pf(4) acts on the network stack of whoever makes a request, not of whoever opened the device; and it asks for no
// privilege beyond opening it: a jail that sees /dev/pf commands the filter of the host.

/** The packet filter's device by its descriptor, or by the step of the same batch that opens it. */
export type PacketFilter = number | ResultOf;

/** Opens /dev/pf for the rest of the batch. ENOENT if the packet filter is not in the kernel. */
export function openPacketFilter(b: BatchBuilder): ResultOf {
  return openTemporarily(b, '/dev/pf', { access: 'read and write' });
}

/** Has the filter look at packets: DIOCSTART. EEXIST if it does. */
export function startPacketFilter(b: BatchBuilder, pf: PacketFilter): Step<void> {
  const value = b.call('ioctl', [pf, b.bindings.constants.DIOCSTART, 0], {
    object: 'packet filter: DIOCSTART',
  });
  return { value, decode: () => undefined };
}

/** What the filter does. */
export interface PacketFilterStatus {
  /** Whether it looks at packets; if not, rules can be loaded all the same. */
  readonly running: boolean;
  /** How many states there are. */
  readonly states: number;
}

/** What the filter does: DIOCGETSTATUS, and from 15 on DIOCGETSTATUSNV. */
export function packetFilterStatus(b: BatchBuilder, pf: PacketFilter): Step<PacketFilterStatus> {
  const { constants: c, layouts } = b.bindings;
  if (c.DIOCGETSTATUS === undefined || layouts.pf_status === undefined) return statusByList(b, pf);
  const { pf_status } = layouts;
  const at = b.arena.struct(pf_status, {});
  const value = control(b, pf, c.DIOCGETSTATUS, at, 'packet filter: DIOCGETSTATUS');
  return {
    value,
    decode: ({ arena }) => {
      const { running, states } = readStruct(arena, at, pf_status);
      return { running: running !== 0, states };
    },
  };
}

function statusByList(b: BatchBuilder, pf: PacketFilter): Step<PacketFilterStatus> {
  const object = 'packet filter: DIOCGETSTATUSNV';
  const step = controlByList(b, pf, 'DIOCGETSTATUSNV', {}, object);
  return {
    value: step.value,
    decode: (outcome) => {
      const status = step.decode(outcome);
      return { running: valueIn(status, 'running', 'boolean'), states: numberIn(status, 'states') };
    },
  };
}

/** A request with a structure in the arena. */
export function control(
  b: BatchBuilder,
  pf: PacketFilter,
  request: number,
  at: number,
  object: string,
): ResultOf {
  return b.call('ioctl', [pf, request, { arena: at }], { object });
}

/** Room for an answer that is a list: a rule takes about 4 KiB, the status about as much. The kernel's limit is 64 KiB. */
const listCapacity = 16 * 1024;

/** A request whose question and answer are lists. */
export function controlByList(
  b: BatchBuilder,
  pf: PacketFilter,
  request: 'DIOCGETSTATUSNV' | 'DIOCGETRULENV' | 'DIOCKILLSTATESNV',
  question: NvInput,
  object: string,
): Step<NvList> {
  const { constants, layouts, release } = b.bindings;
  const layout = required(layouts.pfioc_nv, 'struct pfioc_nv', release);
  const number = required(constants[request], request, release);
  const packed = packList(question);
  const data = b.arena.reserve(listCapacity);
  b.arena.write(data, packed);
  const at = b.arena.struct(layout, { data, len: packed.byteLength, size: listCapacity });
  return {
    value: control(b, pf, number, at, object),
    decode: ({ arena }) => {
      const length = Number(readStruct(arena, at, layout).len);
      if (length > listCapacity) throw new Error(`${object}: an answer of ${length} bytes`);
      return unpackList(arena.subarray(data, data + length));
    },
  };
}

/** A number in an answer. */
export function numberIn(list: NvList, name: string): number {
  return Number(valueIn(list, name, 'bigint'));
}

/** Text in an answer. */
export function textIn(list: NvList, name: string): string {
  return valueIn(list, name, 'string');
}

/** A list in an answer. */
export function listIn(list: NvList, name: string): NvList {
  const value = list.get(name);
  if (!(value instanceof Map)) throw new Error(`packet filter: the answer has no list '${name}'`);
  return value as NvList;
}

interface Kinds {
  boolean: boolean;
  bigint: bigint;
  string: string;
}

function valueIn<K extends keyof Kinds>(list: NvList, name: string, kind: K): Kinds[K] {
  const value = list.get(name);
  if (typeof value !== kind) throw new Error(`packet filter: the answer has no ${kind} '${name}'`);
  return value as Kinds[K];
}
