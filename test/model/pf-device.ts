import { readText } from '../../src/kernel/layout.js';
import type { Bindings } from '../../src/kernel/bindings/types.js';
import type { DeviceEntry } from './devices.js';
import { fail } from './failure.js';
import { vnetOf } from './jail.js';
import type { CallContext, OpenFile } from './open-file.js';
import { findAnchor, looked } from './pf-anchors.js';
import { getRule as getRuleByList, getStatus as getStatusByList, killByList } from './pf-lists.js';
import { addAddress, beginAddresses, getAddress, getAddresses } from './pf-pool.js';
import { addRule, getRule, getRules } from './pf-rules.js';
import { childrenOf, type PacketFilter } from './pf-state.js';
import { clearStates, getStates, killByStruct, killStates } from './pf-states.js';
import { begin, commit, rollBack } from './pf-transactions.js';

type Request = keyof Bindings['constants'] & `DIOC${string}`;

type Handler = (context: CallContext, filter: PacketFilter, data: bigint) => number;

/** Those for which the device need not be open for writing. */
const readers: Partial<Record<Request, Handler>> = {
  DIOCGETRULES: getRules,
  DIOCGETRULE: getRule,
  DIOCGETRULENV: getRuleByList,
  DIOCGETADDRS: getAddresses,
  DIOCGETADDR: getAddress,
  DIOCGETSTATES: getStates,
  DIOCGETSTATUS: getStatus,
  DIOCGETSTATUSNV: getStatusByList,
  DIOCGETRULESETS: getRulesets,
  DIOCGETRULESET: getRuleset,
};

const writers: Partial<Record<Request, Handler>> = {
  DIOCSTART: (_, filter) => setRunning(filter, true, 'EEXIST'),
  DIOCSTOP: (_, filter) => setRunning(filter, false, 'ENOENT'),
  DIOCXBEGIN: begin,
  DIOCXCOMMIT: commit,
  DIOCXROLLBACK: rollBack,
  DIOCBEGINADDRS: beginAddresses,
  DIOCADDADDR: addAddress,
  DIOCADDRULE: addRule,
  DIOCKILLSTATES: (context, filter, data) => killByStruct(context, filter, data, killStates),
  DIOCKILLSTATESNV: (context, filter, data) => killByList(context, filter, data, killStates),
  DIOCCLRSTATES: (context, filter, data) => killByStruct(context, filter, data, clearStates),
  DIOCCLRSTATESNV: (context, filter, data) => killByList(context, filter, data, clearStates),
};

/** /dev/pf. Whoever can open it needs no other privilege. */
export const packetFilterDevice: DeviceEntry = {
  path: 'pf',
  kind: 'character device',
  mode: 0o600,
  uid: 0,
  gid: 0,
  device: {
    name: 'pf',
    open: (process, flags): OpenFile => ({
      jail: process.jail,
      references: 0,
      flags,
      ioctl: (context, request, data) => packetFilterCall(context, flags, request, data),
    }),
  },
};

/** The stack is that of whoever makes the request, whoever opened the device. */
function packetFilterCall(context: CallContext, flags: number, request: number, data: bigint): number {
  const { process, system } = context;
  const { constants } = system.bindings;
  const name = (Object.keys(constants) as (keyof typeof constants)[]).find((each): each is Request => {
    return each.startsWith('DIOC') && constants[each] === request;
  });
  if (name === undefined) return fail('ENODEV');
  const reader = readers[name];
  const handler = reader ?? writers[name];
  if (handler === undefined) throw new RangeError(`${name}: not a request of the model`);
  if (process.jail.secureLevel > 2 && reader === undefined) fail('EPERM');
  if ((flags & 3) === 0 && reader === undefined) fail('EACCES');
  return handler(context, vnetOf(process.jail).filter, data);
}

function setRunning(filter: PacketFilter, running: boolean, already: string): number {
  if (filter.running === running) fail(already);
  filter.running = running;
  return 0;
}

function getStatus({ memory, system }: CallContext, filter: PacketFilter, data: bigint): number {
  const layout = system.bindings.layouts.pf_status ?? fail('ENODEV');
  memory.at(data, layout.size).fill(0);
  memory.setFields(data, layout, {
    running: filter.running ? 1 : 0,
    states: filter.states.length,
    hostid: filter.hostId,
  });
  return 0;
}

/** DIOCGETRULESETS: how many anchors are directly below one. */
function getRulesets({ memory, system }: CallContext, filter: PacketFilter, data: bigint): number {
  const { pfioc_ruleset } = system.bindings.layouts;
  looked(filter);
  const { path } = memory.struct(data, pfioc_ruleset);
  const anchor = findAnchor(filter, readText(path.subarray(0, -1))) ?? fail('ENOENT');
  memory.setFields(data, pfioc_ruleset, { nr: anchor.children.size });
  return 0;
}

function getRuleset({ memory, system }: CallContext, filter: PacketFilter, data: bigint): number {
  const { pfioc_ruleset } = system.bindings.layouts;
  const { path, nr } = memory.struct(data, pfioc_ruleset);
  const anchor = findAnchor(filter, readText(path.subarray(0, -1))) ?? fail('ENOENT');
  const child = childrenOf(anchor)[nr] ?? fail('EBUSY');
  memory.setFields(data, pfioc_ruleset, { name: Buffer.from(child.name) });
  return 0;
}
