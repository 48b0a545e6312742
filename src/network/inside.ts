import { addIPv4Address, addIPv6Address, ipv6Flags, setIPv6Flags } from '../kernel/freebsd/address.js';
import { renameInterface } from '../kernel/freebsd/interface.js';
import { addRoute } from '../kernel/freebsd/route.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import type { AssignedAddress } from './addresses.js';

/** An interface that a jail was given, and what shall become of it. */
export interface InsideRequest {
  /** The name that it came with. */
  readonly given: string;
  /** The name that the jail's programs see. */
  readonly name: string;
  readonly addresses: readonly AssignedAddress[];
  /** Whether the gateways are by whom everything else is reached. */
  readonly isDefault: boolean;
}

/** Gives the network stack of a jail its loopback addresses: lo0 is there, but down (observed: I32). */
export async function configureLoopback(system: FreeBSD): Promise<void> {
  // The first IPv4 address brings it up and gives it ::1 as well; a kernel without IPv6 has none to give.
  await run(system, (b) => addIPv4Address(b, 'lo0', { address: '127.0.0.1', prefix: 8 }));
}

/** Names an interface, and gives it addresses and default routes. To be called within the jail. */
export async function configureInterface(system: FreeBSD, request: InsideRequest): Promise<void> {
  const { given, name, addresses, isDefault } = request;
  const hasIPv6 = addresses.some(({ family }) => family === 'inet6');
  const flags = await run(system, (b) => {
    if (given !== name) renameInterface(b, given, name);
    return hasIPv6 ? [ipv6Flags(b, name)] : [];
  });
  const { ND6_IFF_IFDISABLED: disabled } = system.bindings.constants;
  await run(system, (b) => {
    for (const each of flags) {
      if ((each & disabled) !== 0) setIPv6Flags(b, name, each & ~disabled);
    }
    for (const { family, address, prefix } of addresses) {
      const add = family === 'inet' ? addIPv4Address : addIPv6Address;
      add(b, name, { address, prefix });
    }
    return addresses
      .filter(() => isDefault)
      .map(({ family, gateway }) => addRoute(b, { family: family === 'inet' ? 'IPv4' : 'IPv6', gateway }));
  });
}
