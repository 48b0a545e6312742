import { isKernelError } from '../error.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkInterfaceName, checkNonEmpty } from './check.js';
import { formatIPv4, formatIPv6 } from './ip.js';
import { addressAndMask, familyOf, portFields, type Family, type Ports } from './pf-address.js';
import { openPacketFilter, type PacketFilter } from './pf-device.js';
import { anyEnd, requestKill, type KillEnd, type KillRequest } from './pf-kill-request.js';
import type { Protocol } from './pf-rule.js';
import { protocolNumber } from './pf-rule-writer.js';
import { listStates, type State } from './pf-states.js';
import { run, type FreeBSD } from './run.js';

/** One end of the states to kill, as packets on the wire carry it. */
export interface KilledEnd {
  readonly network: string;
  readonly prefix?: number;
  readonly ports?: Ports;
}

/** Which states to kill: those that fit all of it. */
export interface KillFilter {
  readonly family?: Family;
  readonly protocol?: Protocol;
  /** Who sent the first packet. Of a translated connection that leaves, it is the address that it was given. */
  readonly source?: KilledEnd;
  readonly destination?: KilledEnd;
  readonly interface?: string;
  /** The label of the filter rule that made the state. */
  readonly label?: string;
}

/**
 * Kills states and answers how many. A filter without any condition would
 * kill all of the host and is refused.
 */
export function killStates(b: BatchBuilder, pf: PacketFilter, filter: KillFilter): Step<number> {
  const { label, interface: ifname } = filter;
  const { IFNAMSIZ, PF_RULE_LABEL_SIZE } = b.bindings.constants;
  if (Object.values(filter).every((value) => value === undefined)) {
    throw new RangeError('states to kill: all of them');
  }
  if (label !== undefined) checkNonEmpty('states to kill: label', label, PF_RULE_LABEL_SIZE);
  if (ifname !== undefined) checkInterfaceName('states to kill: interface', ifname, IFNAMSIZ);
  const parts: KillRequest = {
    id: 0n,
    creator: 0,
    family: killedFamily(filter),
    protocol: protocolNumber(b, filter.protocol),
    source: killedEnd(b, 'source', filter),
    destination: killedEnd(b, 'destination', filter),
    interface: ifname ?? '',
    label: label ?? '',
  };
  return requestKill(b, pf, parts, 'packet filter: states');
}

/** Kills one state, if it is still there, and answers 1 or 0. */
export function killState(
  b: BatchBuilder,
  pf: PacketFilter,
  { id, creator }: Pick<State, 'id' | 'creator'>,
): Step<number> {
  if (id <= 0n || id >= 1n << 64n) throw new RangeError(`state to kill: ${id} is no id`);
  const parts: KillRequest = {
    id,
    creator: checkInteger('state to kill: creator', creator, 0, 0xffff_ffff),
    family: undefined,
    protocol: 0,
    source: anyEnd,
    destination: anyEnd,
    interface: '',
    label: '',
  };
  return requestKill(b, pf, parts, `packet filter: state ${id.toString(16)}`);
}

/**
 * Kills the states of these addresses, those translated from or to them included, and answers how many. The kernel's
 * own search sees only what is on the wire, so all states are looked through; where the kernel cannot show them, the
 * translated ones are left to time out.
 */
export async function killStatesOf(system: FreeBSD, addresses: readonly string[]): Promise<number> {
  // One spelling for each: as the states have it.
  const plain = new Set(addresses.map((address) => plainAddress(address)));
  if (plain.size === 0) return 0;
  const states = await listStates(system).catch((error: unknown) => {
    if (isKernelError(error, 'ENODEV')) return undefined;
    throw error;
  });
  const killed = await run(system, (b) => {
    const pf = openPacketFilter(b);
    if (states === undefined) return [...plain].flatMap((address) => killBothWays(b, pf, address));
    return states
      .filter(({ wire, stack }) => [...wire, ...stack].some(({ address }) => plain.has(address)))
      .map((state) => killState(b, pf, state));
  });
  return killed.reduce((sum, count) => sum + count, 0);
}

function killBothWays(b: BatchBuilder, pf: PacketFilter, network: string): Step<number>[] {
  return [killStates(b, pf, { source: { network } }), killStates(b, pf, { destination: { network } })];
}

function killedEnd(b: BatchBuilder, name: 'source' | 'destination', filter: KillFilter): KillEnd {
  const end = filter[name];
  if (end === undefined) return anyEnd;
  const what = `states to kill: ${name}`;
  const known = { ...anyEnd, ...addressAndMask(what, end) };
  if (end.ports === undefined) return known;
  if (filter.protocol === undefined) throw new RangeError(`${what}: ports without a protocol`);
  const { port, port_op } = portFields(b, `${what}: port`, end.ports);
  return { ...known, port, portOperator: port_op };
}

function killedFamily({ family, source, destination }: KillFilter): Family | undefined {
  const said = [
    family,
    familyOf('states to kill: source', source),
    familyOf('states to kill: destination', destination),
  ].filter((each) => each !== undefined);
  if (new Set(said).size > 1) throw new RangeError(`states to kill: ${said.join(' and ')}`);
  return said[0];
}

function plainAddress(address: string): string {
  const { address: bytes } = addressAndMask('address', { network: address });
  return bytes.byteLength === 4 ? formatIPv4(bytes) : formatIPv6(bytes);
}
