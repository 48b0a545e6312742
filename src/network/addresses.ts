import type { Family } from '../kernel/freebsd/pf-address.js';
import type { Holder, LeaseStore } from '../store/leases.js';
import { NetworkError } from './error.js';
import { contains, formatAddress, formatPrefix, parseAddress, type Prefix } from './prefix.js';
import type { Subnet } from './rules.js';
import { leasable, type NetworkSettings } from './settings.js';

/** An address that a container has in a network, and what it needs to use it. */
export interface AssignedAddress {
  readonly family: Family;
  readonly address: string;
  /** How many leading bits the network's addresses share. */
  readonly prefix: number;
  readonly gateway: string;
}

/** The gateway is leased to the network itself, so that no container gets it. */
function gatewayHolder(network: string): Holder {
  return { namespace: '', id: network, interface: 'gateway' };
}

/**
 * Leases an address of each family that the network has, those that were asked for or else the next free ones. Whoever
 * has some already keeps them.
 *
 * @param asked addresses that the container must have; each of them in one of the network's subnets
 * @throws Error in one line if one cannot be had; what was leased before that stays so, for `release`
 */
export function assignAddresses(
  leases: LeaseStore,
  network: NetworkSettings,
  holder: Holder,
  asked: readonly string[] = [],
): AssignedAddress[] {
  const wanted = sortAsked(network, asked);
  return network.subnets.map((subnet) => {
    const { prefix, gateway } = subnet;
    const value = prefix.base + BigInt(lease(leases, network, subnet, holder, wanted.get(prefix)));
    return {
      family: prefix.family,
      address: formatAddress({ family: prefix.family, value }),
      prefix: prefix.length,
      gateway,
    };
  });
}

function lease(
  leases: LeaseStore,
  network: NetworkSettings,
  { prefix, gateway }: Subnet,
  holder: Holder,
  wanted: number | undefined,
): number {
  const range = leasable(prefix);
  const ofGateway = Number(parseAddress('gateway', gateway).value - prefix.base);
  leases.takeExactly(range, gatewayHolder(network.name), ofGateway);
  if (wanted === undefined) {
    const host = leases.take(range, holder);
    if (host === undefined) {
      throw new NetworkError(
        'exhausted',
        `network ${network.name}: no address of ${formatPrefix(prefix)} is free`,
      );
    }
    return host;
  }
  const taken = leases.takeExactly(range, holder, wanted);
  if (taken === undefined) return wanted;
  const { namespace, id } = taken.takenBy;
  const by = namespace === '' ? 'the gateway' : `container ${namespace}/${id}`;
  const address = formatAddress({ family: prefix.family, value: prefix.base + BigInt(wanted) });
  throw new NetworkError('taken', `network ${network.name}: address ${address} is taken by ${by}`);
}

/** Which address was asked of which subnet, as numbers within them. */
function sortAsked(network: NetworkSettings, asked: readonly string[]): ReadonlyMap<Prefix, number> {
  const wanted = new Map<Prefix, number>();
  for (const text of asked) {
    const address = parseAddress('address', text);
    const subnet = network.subnets.find(({ prefix }) => contains(prefix, address));
    const host = subnet === undefined ? undefined : address.value - subnet.prefix.base;
    if (subnet === undefined || host === undefined) {
      const all = network.subnets.map(({ prefix }) => formatPrefix(prefix)).join(' and ');
      throw new NetworkError('invalid', `network ${network.name}: address ${text} is not in ${all}`);
    }
    const { first, last } = leasable(subnet.prefix);
    if (host < BigInt(first) || host > BigInt(last)) {
      throw new NetworkError('invalid', `network ${network.name}: address ${text} is not one for hosts`);
    }
    if (wanted.has(subnet.prefix)) {
      throw new NetworkError(
        'invalid',
        `network ${network.name}: two addresses of ${formatPrefix(subnet.prefix)} are asked for`,
      );
    }
    wanted.set(subnet.prefix, Number(host));
  }
  return wanted;
}
