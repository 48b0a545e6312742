import { readText } from '../layout.js';
import type { Bindings } from '../bindings/types.js';
import { checkPositive } from './check.js';
import { formatIPv4, formatIPv6 } from './ip.js';
import { addressBytes, prefixOf, readMessages, type ListMessage } from './route-messages.js';
import type { FreeBSD } from './run.js';

/** An address that an interface has, in a network of `prefix` bits. */
export interface InterfaceAddress {
  readonly interface: string;
  readonly family: 'inet' | 'inet6';
  readonly address: string;
  readonly prefix: number;
}

/** More than any host has: bytes. */
const most = 64 * 1024 * 1024;

/**
 * The addresses of all interfaces of the caller's network stack: NET_RT_IFLIST of sysctl(3). Link-local ones of IPv6 are
 * left out, as each interface has one of the same network.
 */
export async function listInterfaceAddresses(system: FreeBSD): Promise<InterfaceAddress[]> {
  const { bindings } = system;
  const messages = await readMessages(system, [0, bindings.constants.NET_RT_IFLIST, 0], most);
  if (messages === undefined) throw new Error(`net.routetable: interfaces take more than ${most} bytes`);
  const found: InterfaceAddress[] = [];
  let name = '';
  // An interface is followed by its addresses.
  for (const message of messages) {
    if (message.type === bindings.constants.RTM_IFINFO) name = nameIn(bindings, message);
    const address = addressIn(bindings, message);
    if (address !== undefined) found.push({ interface: name, ...address });
  }
  return found;
}

/** One message about an interface, followed by its addresses: bytes. */
const ofOne = 64 * 1024;

/** The name of the interface of this number: NET_RT_IFLIST of it. Undefined if there is none. */
export async function nameOfInterface(system: FreeBSD, index: number): Promise<string | undefined> {
  const { bindings } = system;
  checkPositive('interface', index);
  const messages = await readMessages(system, [0, bindings.constants.NET_RT_IFLIST, index], ofOne);
  const own = messages?.find(({ type }) => type === bindings.constants.RTM_IFINFO);
  return own === undefined ? undefined : nameIn(bindings, own);
}

function nameIn({ constants: c, layouts }: Bindings, { addresses }: ListMessage): string {
  const link = addresses.get(c.RTA_IFP);
  const { sdl_nlen, sdl_data } = layouts.sockaddr_dl.fields;
  return link === undefined ? '' : readText(link, sdl_data.offset, link[sdl_nlen.offset] ?? 0);
}

function addressIn(
  bindings: Bindings,
  message: ListMessage,
): Omit<InterfaceAddress, 'interface'> | undefined {
  const { constants: c } = bindings;
  const own = message.type === c.RTM_NEWADDR ? message.addresses.get(c.RTA_IFA) : undefined;
  if (own === undefined) return undefined;
  const family = own[1] === c.AF_INET ? 'inet' : own[1] === c.AF_INET6 ? 'inet6' : undefined;
  if (family === undefined) return undefined;
  const bytes = addressBytes(bindings, family, own);
  const isLinkLocal = family === 'inet6' && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
  if (isLinkLocal) return undefined;
  return {
    family,
    address: family === 'inet' ? formatIPv4(bytes) : formatIPv6(bytes),
    prefix: prefixOf(addressBytes(bindings, family, message.addresses.get(c.RTA_NETMASK))),
  };
}
