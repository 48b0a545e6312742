import { readStruct } from '../layout.js';
import { checkWord } from './check.js';
import { formatIPv4, formatIPv6 } from './ip.js';
import { addressBytes, prefixOf, readMessages } from './route-messages.js';
import type { FreeBSD } from './run.js';

/** A route of the kernel's table. */
export interface ListedRoute {
  /** The network that it leads to; 0 bits for the default route. */
  readonly address: string;
  readonly prefix: number;
  /** The number of the interface by which it leads there. */
  readonly index: number;
  /** RTF_* */
  readonly flags: number;
}

/**
 * The routes of a family: NET_RT_DUMP of sysctl(3). Undefined if they take more than `most` bytes, some 200 each: the
 * table of a router can have a million.
 */
export async function listRoutes(
  system: FreeBSD,
  family: 'inet' | 'inet6',
  most = 1024 * 1024,
): Promise<ListedRoute[] | undefined> {
  const { bindings } = system;
  const { constants: c, layouts } = bindings;
  checkWord('family', family, { inet: true, inet6: true });
  const number = family === 'inet' ? c.AF_INET : c.AF_INET6;
  const messages = await readMessages(system, [number, c.NET_RT_DUMP, 0], most);
  return messages?.map(({ bytes, addresses }) => {
    const { rtm_flags: flags, rtm_index: index } = readStruct(bytes, 0, layouts.rt_msghdr);
    const address = addressBytes(bindings, family, addresses.get(c.RTA_DST));
    const isHost = (flags & c.RTF_HOST) !== 0;
    return {
      address: family === 'inet' ? formatIPv4(address) : formatIPv6(address),
      prefix: isHost
        ? address.byteLength * 8
        : prefixOf(addressBytes(bindings, family, addresses.get(c.RTA_NETMASK))),
      index,
      flags,
    };
  });
}
