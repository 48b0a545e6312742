import { isKernelError } from '../kernel/error.js';
import {
  addIPv4Address,
  addIPv6Address,
  ipv6Flags,
  removeIPv4Address,
  removeIPv6Address,
} from '../kernel/freebsd/address.js';
import { listInterfaceAddresses } from '../kernel/freebsd/interface-addresses.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import { RuntimeError } from '../runtime/error.js';
import type { Journal } from '../runtime/journal.js';
import type { NetworkPlan } from './plan/network.js';

/** What the journal says of an address that an interface of the host is about to get. */
export interface AliasDetail {
  readonly interface: string;
  readonly family: 4 | 6;
  readonly address: string;
}

/** The kind of such an entry. */
export const aliasKind = 'alias';

type Shared = Extract<NetworkPlan, { mode: 'inherit' }>;

/**
 * Gives the addresses that a jail is restricted to to an interface of the host, as `interface` of jail(8) does: each is a
 * network of its own (/32, /128), and is written down before. One that the host has already is somebody's, who would lose it
 * when the jail goes.
 *
 * @throws RuntimeError precondition for an address that is there, or an interface that has IPv6 off; KernelError
 */
export async function addAliases(system: FreeBSD, network: Shared, journal: Journal): Promise<void> {
  const { interface: name } = network;
  if (name === undefined) return;
  const wanted = [...aliases(name, 4, network.ip4), ...aliases(name, 6, network.ip6)];
  const there = await listInterfaceAddresses(system);
  for (const { address } of wanted) {
    const taken = there.find((one) => one.address === address);
    if (taken !== undefined) refuse(`${taken.interface} has ${address} already`);
  }
  if (wanted.some(({ family }) => family === 6)) await requireIPv6(system, name);
  for (const detail of wanted) journal.making(aliasKind, detail);
  await run(system, (b) =>
    wanted.map(({ family, address }) =>
      family === 4
        ? addIPv4Address(b, name, { address, prefix: 32 })
        : addIPv6Address(b, name, { address, prefix: 128 }),
    ),
  );
}

function aliases(name: string, family: 4 | 6, addresses: Shared['ip4']): AliasDetail[] {
  return typeof addresses === 'string'
    ? []
    : addresses.map((address) => ({ interface: name, family, address }));
}

/** An interface with IPv6 off takes addresses, and drops what is sent to them. */
async function requireIPv6(system: FreeBSD, name: string): Promise<void> {
  const flags = await run(system, (b) => ipv6Flags(b, name));
  if ((flags & system.bindings.constants.ND6_IFF_IFDISABLED) !== 0) {
    refuse(`${name} has IPv6 off: ifconfig ${name} inet6 -ifdisabled`);
  }
}

function refuse(why: string): never {
  throw new RuntimeError('precondition', `freebsd.jail.interface: ${why}`);
}

/** Takes an address from its interface, when the jail is gone. One that is gone, with its interface or not, is no error. */
export async function removeAlias(system: FreeBSD, detail: AliasDetail): Promise<void> {
  const { interface: name, family, address } = detail;
  const remove = family === 4 ? removeIPv4Address : removeIPv6Address;
  const removed = await run(system, (b) => b.attempt(() => remove(b, name, address)));
  if (isKernelError(removed) && removed.code !== 'EADDRNOTAVAIL' && removed.code !== 'ENXIO') throw removed;
}
