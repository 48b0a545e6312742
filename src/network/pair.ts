import { isKernelError } from '../kernel/error.js';
import { setIPv6Flags } from '../kernel/freebsd/address.js';
import { addBridgeMember } from '../kernel/freebsd/bridge.js';
import { addToGroup } from '../kernel/freebsd/interface-group.js';
import {
  createInterface,
  destroyInterface,
  lendInterface,
  setInterfaceAddress,
  setInterfaceDescription,
  setInterfaceFlags,
  setInterfaceMtu,
} from '../kernel/freebsd/interface.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import type { Holder, Lease, LeaseStore, PoolRange } from '../store/leases.js';
import { NetworkError } from './error.js';
import { interfaceGroup, type Ledger } from './host.js';

/**
 * The unit numbers of our epairs. The kernel would choose one, but tell it only afterwards: a daemon that died in
 * between would leave a pair that nobody knows. So the number is chosen, and written down, before; these are the upper
 * half of those that there are (observed: units end at 32767), which nobody else has by chance.
 */
const units: PoolRange = { pool: 'epair', first: 16_384, last: 32_767 };

/** How many numbers may turn out to be somebody else's. */
const attempts = 16;

const up = 1;

/** What the ledger holds of a pair. */
export interface PairDetail {
  readonly unit: number;
  readonly holder: Holder;
}

/** The halves of a pair: that of the host, and that of the jail until it is renamed there. */
export function halves({ unit }: Pick<PairDetail, 'unit'>): { readonly host: string; readonly jail: string } {
  return { host: `epair${unit}a`, jail: `epair${unit}b` };
}

export interface PairRequest {
  readonly holder: Holder;
  readonly bridge: string;
  readonly mtu: number;
  /** The hardware address of the jail's half. */
  readonly mac: string;
  readonly jid: number;
}

/** Makes an epair, one half of which is a member of the bridge and the other in the jail, with neither name nor address. */
export async function makePair(
  system: FreeBSD,
  leases: LeaseStore,
  ledger: Ledger,
  request: PairRequest,
): Promise<PairDetail> {
  const { holder, bridge, mtu, mac, jid } = request;
  const pair = await createPair(system, leases, ledger, holder);
  const { host, jail } = halves(pair);
  const silenced = await run(system, (b) => {
    addToGroup(b, host, interfaceGroup);
    setInterfaceDescription(b, host, describe(holder));
    // Both halves and the bridge must agree; the halves do not follow each other.
    setInterfaceMtu(b, host, mtu);
    setInterfaceMtu(b, jail, mtu);
    setInterfaceAddress(b, jail, mac);
    addBridgeMember(b, bridge, host);
    // A member of a bridge is to have no address: it would give itself a link-local one as it comes up.
    const flags = b.attempt(() => setIPv6Flags(b, host, b.bindings.constants.ND6_IFF_IFDISABLED));
    setInterfaceFlags(b, host, up);
    lendInterface(b, jail, jid);
    return flags;
  });
  // A kernel without IPv6 has nothing to be switched off.
  if (isKernelError(silenced) && silenced.code !== 'EAFNOSUPPORT' && silenced.code !== 'EPROTONOSUPPORT') {
    throw silenced;
  }
  return pair;
}

async function createPair(
  system: FreeBSD,
  leases: LeaseStore,
  ledger: Ledger,
  holder: Holder,
): Promise<PairDetail> {
  for (let left = attempts; left > 0; left--) {
    const unit = leases.take(units, pairHolder(holder));
    if (unit === undefined) break;
    const detail = { unit, holder } satisfies PairDetail;
    const seq = ledger.making('pair', detail);
    const made = await run(system, (b) => b.attempt(() => createInterface(b, `epair${unit}`)));
    if (!isKernelError(made)) return detail;
    ledger.unmade(seq);
    leases.release(pairHolder(holder));
    // Somebody else's: the next number that is leased is another.
    if (made.code !== 'EEXIST') throw made;
  }
  throw new NetworkError(
    'exhausted',
    `interface ${holder.interface} of ${holder.id}: no unit number for an epair is free`,
  );
}

const pairSuffix = '/epair';

/** The number is leased under a name of its own, beside the addresses of the interface. */
function pairHolder(holder: Holder): Holder {
  return { ...holder, interface: `${holder.interface}${pairSuffix}` };
}

/** The pair that a lease is about; undefined if it is about an address. */
export function pairOfLease({ pool, host, ...holder }: Lease): PairDetail | undefined {
  if (pool !== units.pool || !holder.interface.endsWith(pairSuffix)) return undefined;
  return { unit: host, holder: { ...holder, interface: holder.interface.slice(0, -pairSuffix.length) } };
}

/**
 * Destroys both halves, wherever they are; does nothing if they are gone. Before jail_remove(2), never just after it: a
 * kernel that is tearing down the jail's network stack meanwhile would panic (observed: K6 to K10).
 */
export async function destroyPair(system: FreeBSD, leases: LeaseStore, pair: PairDetail): Promise<void> {
  const { host } = halves(pair);
  const gone = await run(system, (b) => b.attempt(() => destroyInterface(b, host)));
  if (isKernelError(gone) && gone.code !== 'ENXIO') throw gone;
  leases.release(pairHolder(pair.holder));
}

/** What ifconfig(8) shows of the host's half: at most 63 bytes. */
function describe({ namespace, id, interface: name }: Holder): string {
  const text = `${namespace}/${id} ${name}`.replace(/[^\x20-\x7e]/g, '?');
  return text.length <= 63 ? text : `${text.slice(0, 60)}...`;
}

/** Whose pair a description is of; undefined for one that was cut, or is another's. */
export function holderOfDescription(text: string): { namespace: string; id: string } | undefined {
  const [, namespace, id] = /^([^/ ?]+)\/([^/ ?]+) [^ ?]+$/.exec(text) ?? [];
  return namespace === undefined || id === undefined || text.endsWith('...') ? undefined : { namespace, id };
}

/** The unit number of a pair of ours by the name of its host's half; undefined if it is none. */
export function unitOfHalf(name: string): number | undefined {
  const unit = Number(/^epair([1-9]\d{0,4})a$/.exec(name)?.[1]);
  return unit >= units.first && unit <= units.last ? unit : undefined;
}
