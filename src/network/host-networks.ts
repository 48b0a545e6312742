import { isKernelError } from '../kernel/error.js';
import { listInterfaceAddresses } from '../kernel/freebsd/interface-addresses.js';
import { interfaceIndex } from '../kernel/freebsd/interface.js';
import { listRoutes, type ListedRoute } from '../kernel/freebsd/route-list.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import { NetworkError } from './error.js';
import { formatPrefix, networkOf, overlaps, type Prefix } from './prefix.js';
import type { NetworkSettings } from './settings.js';

/**
 * Refuses a network whose addresses are the host's: in a network that another of its interfaces is in, or to which it has
 * a route. Containers would take the answers of others, or never get their own. The default route is none of these.
 *
 * @param warn told if the host has too many routes to look at them
 * @throws NetworkError invalid, that says what it overlaps
 */
export async function refuseHostNetworks(
  system: FreeBSD,
  network: NetworkSettings,
  warn: (message: string) => void,
): Promise<void> {
  const pools = network.subnets.map(({ prefix }) => prefix);
  for (const { interface: name, family, address, prefix } of await listInterfaceAddresses(system)) {
    if (name === network.bridge) continue;
    const theirs = networkOf({ family, address, prefix });
    refuseOverlap(network, pools, theirs, `the network of interface ${name} (${address}/${prefix})`);
  }
  const index = await indexOf(system, network.bridge);
  for (const family of new Set(pools.map((pool) => pool.family))) {
    const routes = await listRoutes(system, family);
    if (routes === undefined) {
      warn(`this host has so many routes that pools of networks are not compared with them`);
      continue;
    }
    for (const route of routes) {
      if (route.index === index || !isForeign(system, route)) continue;
      const { address, prefix } = route;
      refuseOverlap(
        network,
        pools,
        networkOf({ family, address, prefix }),
        `the route to ${address}/${prefix}`,
      );
    }
  }
}

/**
 * Whether somebody said that packets to this network are to leave the host there: not the default route, and neither
 * what follows from addresses nor what neighbours said.
 */
function isForeign({ bindings: { constants: c } }: FreeBSD, { prefix, flags }: ListedRoute): boolean {
  if (prefix === 0 || (flags & (c.RTF_PINNED | c.RTF_DYNAMIC | c.RTF_HOST)) !== 0) return false;
  return (flags & (c.RTF_GATEWAY | c.RTF_STATIC)) !== 0;
}

function refuseOverlap(
  { name }: NetworkSettings,
  pools: readonly Prefix[],
  theirs: Prefix,
  what: string,
): void {
  const pool = pools.find((each) => overlaps(each, theirs));
  if (pool === undefined) return;
  throw new NetworkError(
    'invalid',
    `network ${name}: ${formatPrefix(pool)} overlaps ${what} of this host: configure another ` +
      `${pool.family === 'inet' ? 'ipv4' : 'ipv6'} for it`,
  );
}

async function indexOf(system: FreeBSD, name: string): Promise<number | undefined> {
  const index = await run(system, (b) => b.attempt(() => interfaceIndex(b, name)));
  if (!isKernelError(index)) return index;
  if (index.code === 'ENXIO') return undefined;
  throw index;
}
