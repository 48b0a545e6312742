import { isKernelError } from '../kernel/error.js';
import { groupMembers } from '../kernel/freebsd/interface-group.js';
import { interfaceIndex } from '../kernel/freebsd/interface.js';
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
  { outside }: NetworkSettings,
): Promise<string | undefined> {
  if (outside === 'none') return undefined;
  if (outside !== 'auto') return outside;
  const index = (await routeInterface(system, 'IPv4')) ?? (await routeInterface(system, 'IPv6'));
  return index === undefined ? undefined : await nameOf(system, index);
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

/** The name of an interface by its number: the kernel tells numbers by names only. */
async function nameOf(system: FreeBSD, index: number): Promise<string | undefined> {
  const names = await run(system, (b) => groupMembers(b, 'all'));
  const indexes = await run(system, (b) => names.map((name) => b.attempt(() => interfaceIndex(b, name))));
  return names.find((_, at) => indexes[at] === index);
}
