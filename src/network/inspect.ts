import { isKernelError } from '../kernel/error.js';
import { interfaceFlags, interfaceMtu } from '../kernel/freebsd/interface.js';
import { run } from '../kernel/freebsd/run.js';
import type { Lease } from '../store/leases.js';
import { findNetwork, type NetworkState } from './host.js';
import { findOutside } from './outside.js';
import { shown } from './ports.js';
import { formatAddress, formatPrefix, parsePrefix } from './prefix.js';
import { portsOf } from './published.js';
import { leasable, type NetworkSettings } from './settings.js';

/** The addresses of one family of a network. */
export interface PoolSummary {
  /** "10.88.0.0/16" */
  readonly pool: string;
  readonly gateway: string;
  /** How many addresses containers have, and how many there are for them. */
  readonly used: number;
  readonly usable: number;
}

export interface NetworkSummary {
  readonly name: string;
  readonly bridge: string;
  readonly pools: readonly PoolSummary[];
}

/** An interface that a container has in a network; of a CNI runtime's, the namespace is "cni:NETWORK". */
export interface NetworkMember {
  readonly namespace: string;
  readonly id: string;
  readonly interface: string;
  readonly addresses: readonly string[];
  /** As they are written to publish them: "8080:80/tcp" without what is the container's, "8080/tcp". */
  readonly ports: readonly string[];
}

export interface NetworkDetails extends NetworkSummary {
  /** By which its packets leave the host; undefined if none is wanted, or there is no default route. */
  readonly outside: string | undefined;
  /** Of the bridge, which is made when the first container joins: undefined before. */
  readonly mtu: number | undefined;
  readonly up: boolean;
  readonly nameservers: readonly string[];
  readonly members: readonly NetworkMember[];
}

/** The networks of the configuration, and how much of each is in use: what `jailer network list` prints. */
export function listNetworks({
  networks,
  leases,
}: Pick<NetworkState, 'networks' | 'leases'>): NetworkSummary[] {
  const all = leases.list();
  return networks.map((network) => summaryOf(network, all));
}

/**
 * All that is known of a network: what `jailer network inspect` prints.
 *
 * @throws NetworkError if there is none of this name, KernelError
 */
export async function inspectNetwork(
  host: Pick<NetworkState, 'system' | 'networks' | 'leases' | 'ports'>,
  name: string,
): Promise<NetworkDetails> {
  const { system } = host;
  const network = findNetwork(host, name);
  const { bridge, nameservers } = network;
  const all = host.leases.list();
  const [mtu, flags] = await run(system, (b) => [
    b.attempt(() => interfaceMtu(b, bridge)),
    b.attempt(() => interfaceFlags(b, bridge)),
  ]);
  for (const failed of [mtu, flags]) if (isKernelError(failed) && failed.code !== 'ENXIO') throw failed;
  return {
    ...summaryOf(network, all),
    outside: await findOutside(system, network),
    mtu: isKernelError(mtu) ? undefined : mtu,
    up: !isKernelError(flags) && (flags & 1) !== 0,
    nameservers,
    members: membersOf(host, network, all),
  };
}

function summaryOf({ name, bridge, subnets }: NetworkSettings, leases: readonly Lease[]): NetworkSummary {
  const pools = subnets.map(({ prefix, gateway }): PoolSummary => {
    const { pool, first, last } = leasable(prefix);
    const used = leases.filter((lease) => lease.pool === pool && lease.namespace !== '').length;
    // The gateway is one of them.
    return { pool: formatPrefix(prefix), gateway, used, usable: last - first };
  });
  return { name, bridge, pools };
}

function membersOf(
  { ports }: Pick<NetworkState, 'ports'>,
  { subnets }: NetworkSettings,
  leases: readonly Lease[],
): NetworkMember[] {
  const pools = new Set(subnets.map(({ prefix }) => formatPrefix(prefix)));
  const members = new Map<string, { lease: Lease; addresses: string[] }>();
  for (const lease of leases) {
    const { namespace, id, interface: name, pool, host } = lease;
    if (namespace === '' || !pools.has(pool)) continue;
    const key = `${namespace}/${id}/${name}`;
    const member = members.get(key) ?? { lease, addresses: [] };
    members.set(key, member);
    const { family, base } = parsePrefix('pool', pool);
    member.addresses.push(formatAddress({ family, value: base + BigInt(host) }));
  }
  const published = ports.list();
  return [...members.values()].map(({ lease: { namespace, id, interface: name }, addresses }) => ({
    namespace,
    id,
    interface: name,
    addresses,
    ports: published
      .filter((each) => each.namespace === namespace && each.id === id && each.interface === name)
      .map((range) => hostPorts(shown(portsOf(range)))),
  }));
}

/** What the container's ports are is not kept: the host's alone. */
function hostPorts(text: string): string {
  return text.replace(/:[\d-]+\/(\w+)$/, '/$1');
}
