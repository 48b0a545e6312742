import { isKernelError } from '../kernel/error.js';
import { nameOfInterface } from '../kernel/freebsd/interface-addresses.js';
import { interfaceMtu } from '../kernel/freebsd/interface.js';
import { defaultRouteInterface } from '../kernel/freebsd/route.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import type { NetworkSettings } from './settings.js';

/** How often the kernel may tell the socket of something else before it answers. */
const attempts = 8;

/**
 * The interface by which a network's packets leave the host: the one configured, or else that of the default route, of
 * IPv4 first. Undefined if there is none, or none is wanted.
 */
export async function findOutside(
  system: FreeBSD,
  { outside }: Pick<NetworkSettings, 'outside'>,
): Promise<string | undefined> {
  if (outside === 'none') return undefined;
  if (outside !== 'auto') return outside;
  const index = (await routeInterface(system, 'IPv4')) ?? (await routeInterface(system, 'IPv6'));
  return index === undefined ? undefined : await nameOfInterface(system, index);
}

async function routeInterface(system: FreeBSD, family: 'IPv4' | 'IPv6'): Promise<number | undefined> {
  try {
    for (let left = attempts; left > 0; left--) {
      // Not an attempt: when the question fails, no answer comes to be read.
      const index = await run(system, (b) => defaultRouteInterface(b, family));
      if (index !== undefined) return index;
    }
  } catch (error) {
    if (isKernelError(error, 'ESRCH')) return undefined;
    throw error;
  }
  throw new Error(`route default: ${family}: no answer among ${attempts} messages`);
}

/** What most of the world can take in one packet, in bytes. */
const usualMtu = 1500;
/** The least that IPv6 wants of a link (RFC 8200, section 5), and that a bridge takes. */
const leastMtu = { inet: 576, inet6: 1280 } as const;

/** The MTU of a network to be made: the configured one, or that of the interface by which its packets leave the host. */
export async function chooseMtu(
  system: FreeBSD,
  network: Pick<NetworkSettings, 'mtu' | 'outside' | 'subnets'>,
): Promise<number> {
  if (network.mtu !== undefined) return network.mtu;
  const outside = await findOutside(system, network);
  if (outside === undefined) return usualMtu;
  const mtu = await run(system, (b) => b.attempt(() => interfaceMtu(b, outside)));
  if (isKernelError(mtu, 'ENXIO')) return usualMtu;
  if (isKernelError(mtu)) throw mtu;
  const least = Math.max(...network.subnets.map(({ prefix }) => leastMtu[prefix.family]));
  return Math.min(Math.max(mtu, least), 65_535);
}
