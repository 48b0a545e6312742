import type { Family, Ports, RuleAddress } from '../kernel/freebsd/pf-address.js';
import type { Rulesets } from '../kernel/freebsd/pf-load.js';
import type { FilterRule, NatRule, RdrRule } from '../kernel/freebsd/pf-rule.js';
import type { PublishedPorts } from './ports.js';
import { addressBits, formatAddress, type Prefix } from './prefix.js';

/** One address family of a network: its addresses, and the one that the bridge has. */
export interface Subnet {
  readonly prefix: Prefix;
  readonly gateway: string;
}

/** What rules need to know of a network. */
export interface RuledNetwork {
  readonly bridge: string;
  /** The interface of the host by which packets go out; undefined if there is none: nothing is translated. */
  readonly outside: string | undefined;
  readonly subnets: readonly Subnet[];
}

/** What rules need to know of a container. */
export interface RuledContainer {
  readonly addresses: Readonly<Partial<Record<Family, string>>>;
  readonly ports: readonly PublishedPorts[];
  /** By it the states of the container are told from others; at most 63 bytes. */
  readonly label: string;
}

/**
 * What a network does for all its containers: whoever of them talks to the outside is seen with the address of the
 * interface by which the packet goes out. Packets that stay on the bridge are not asked about.
 */
export function networkRules({ outside, subnets }: RuledNetwork): Rulesets {
  if (outside === undefined) return {};
  const nat = subnets.map(({ prefix }): NatRule => {
    const inside = { network: formatAddress({ ...prefix, value: prefix.base }), prefix: prefix.length };
    return {
      kind: 'nat',
      interface: outside,
      family: prefix.family,
      source: { address: inside },
      destination: { address: inside, not: true },
      to: { interface: outside },
    };
  });
  return { nat };
}

/**
 * What publishes the ports of a container: packets for a port of the host are sent to the container, and let through
 * unless a quick rule of the administrator blocks them. Filter rules are asked apart from redirection, as 'rdr pass' would go
 * around them.
 */
export function containerRules(network: RuledNetwork, container: RuledContainer): Rulesets {
  const nat: NatRule[] = [];
  const rdr: RdrRule[] = [];
  const filter: FilterRule[] = [];
  for (const ports of container.ports) {
    for (const subnet of network.subnets) {
      const address = container.addresses[subnet.prefix.family];
      const destinations = address === undefined ? [] : reachedBy(network, subnet, ports.address);
      if (address === undefined || destinations.length === 0) continue;
      const match = { family: subnet.prefix.family, protocol: ports.protocol };
      const inside = { address: { network: address }, ports: ports.container };
      for (const destination of destinations) {
        rdr.push({
          kind: 'rdr',
          ...match,
          destination: { address: destination, ports: ports.host },
          to: { network: address },
          ports: ports.container,
        });
      }
      nat.push(throughTheHost(network, subnet, match, inside));
      filter.push({ kind: 'filter', action: 'pass', ...match, destination: inside, label: container.label });
    }
  }
  return { nat, rdr, filter };
}

/**
 * The addresses of the host at which a port is published: those that were asked for, or else those of the outside
 * interface and the one that the bridge has. A rule without a destination would take the port from everybody whose
 * packets the host forwards.
 */
function reachedBy(
  network: RuledNetwork,
  { prefix, gateway }: Subnet,
  asked: string | undefined,
): RuleAddress[] {
  const all = asked === undefined || asked === (prefix.family === 'inet' ? '0.0.0.0' : '::');
  if (all) {
    return [
      ...(network.outside === undefined ? [] : [{ interface: network.outside }]),
      { network: gateway, prefix: addressBits(prefix.family) },
    ];
  }
  const family: Family = asked.includes(':') ? 'inet6' : 'inet';
  return family === prefix.family ? [{ network: asked }] : [];
}

/**
 * A container that asks a port of the host which leads to one of the same bridge: its packets come back out of the
 * bridge, and the answer must take the same way. It does only if the host is whom to answer.
 */
function throughTheHost(
  { bridge }: RuledNetwork,
  { prefix, gateway }: Subnet,
  match: { readonly family: Family; readonly protocol: 'tcp' | 'udp' },
  destination: { readonly address: RuleAddress; readonly ports: Ports },
): NatRule {
  return {
    kind: 'nat',
    interface: bridge,
    ...match,
    source: { address: { network: formatAddress({ ...prefix, value: prefix.base }), prefix: prefix.length } },
    destination,
    to: { network: gateway },
  };
}
