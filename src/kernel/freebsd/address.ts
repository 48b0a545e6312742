import { readStruct } from '../layout.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkInterfaceName } from './check.js';
import { broadcastOf, isOfOneHost, maskOf, parseIPv4, parseIPv6 } from './ip.js';
import { socketAddressIPv4, socketAddressIPv6 } from './socket-address.js';

// The kernel checks no address: whatever can stand in a structure is configured. ifra_vhid has no parameter here, as
// a negative one brings kernels down.

/** An address in a network of `prefix` bits. */
export interface AddressInNetwork {
  readonly address: string;
  readonly prefix: number;
}

/**
 * Adds an IPv4 address to an interface and brings it up: SIOCAIFADDR. One that is there is replaced. The broadcast
 * address follows from the prefix. lo0 gets ::1 and fe80::1 with its first.
 */
export function addIPv4Address(
  b: BatchBuilder,
  name: string,
  { address, prefix }: AddressInNetwork,
): Step<void> {
  const { constants, layouts } = b.bindings;
  const bytes = parseIPv4('address', address);
  checkUsable('address', address, isOfOneHost(bytes));
  checkInteger('prefix', prefix, 1, 32);
  const mask = maskOf('prefix', prefix, 4);
  const broadcast = prefix < 31 && bytes[0] !== 127 ? broadcastOf(bytes, mask) : undefined;
  const at = b.arena.struct(layouts.in_aliasreq, {
    ifra_name: checkInterfaceName('interface', name, constants.IFNAMSIZ),
    ifra_addr: socketAddressIPv4(b.bindings, bytes),
    ifra_mask: socketAddressIPv4(b.bindings, mask),
    ...(broadcast === undefined ? {} : { ifra_broadaddr: socketAddressIPv4(b.bindings, broadcast) }),
  });
  const args = [b.socket('AF_INET'), constants.SIOCAIFADDR, { arena: at }];
  const value = b.call('ioctl', args, { object: `interface ${name}: address ${address}/${prefix}` });
  return { value, decode: () => undefined };
}

/** Takes an IPv4 address from an interface: SIOCDIFADDR. EADDRNOTAVAIL if it is not there. */
export function removeIPv4Address(b: BatchBuilder, name: string, address: string): Step<void> {
  const { constants, layouts } = b.bindings;
  const at = b.arena.struct(layouts.ifreq, {
    ifr_name: checkInterfaceName('interface', name, constants.IFNAMSIZ),
    ifr_addr: socketAddressIPv4(b.bindings, parseIPv4('address', address)),
  });
  const args = [b.socket('AF_INET'), constants.SIOCDIFADDR, { arena: at }];
  const value = b.call('ioctl', args, { object: `interface ${name}: address ${address}` });
  return { value, decode: () => undefined };
}

/**
 * Adds an IPv6 address to an interface for good and brings it up: SIOCAIFADDR_IN6. Without `duplicateDetection` it can
 * be used at once; with it, only after a second, and the kernel says nothing if another host has it.
 */
export function addIPv6Address(
  b: BatchBuilder,
  name: string,
  { address, prefix }: AddressInNetwork,
  { duplicateDetection = false } = {},
): Step<void> {
  const { constants: c, layouts } = b.bindings;
  const bytes = parseIPv6('address', address);
  checkUsable('address', address, isOfOneHost(bytes));
  checkInteger('prefix', prefix, 1, 128);
  const at = b.arena.struct(layouts.in6_aliasreq, {
    ifra_name: checkInterfaceName('interface', name, c.IFNAMSIZ),
    ifra_addr: socketAddressIPv6(b.bindings, bytes),
    ifra_prefixmask: socketAddressIPv6(b.bindings, maskOf('prefix', prefix, 16)),
    ifra_flags: duplicateDetection ? 0 : c.IN6_IFF_NODAD,
    ia6t_vltime: c.ND6_INFINITE_LIFETIME,
    ia6t_pltime: c.ND6_INFINITE_LIFETIME,
  });
  const args = [b.socket('AF_INET6'), c.SIOCAIFADDR_IN6, { arena: at }];
  const value = b.call('ioctl', args, { object: `interface ${name}: address ${address}/${prefix}` });
  return { value, decode: () => undefined };
}

/** Takes an IPv6 address from an interface: SIOCDIFADDR_IN6. EADDRNOTAVAIL if it is not there. */
export function removeIPv6Address(b: BatchBuilder, name: string, address: string): Step<void> {
  const { constants, layouts } = b.bindings;
  const at = b.arena.struct(layouts.in6_ifreq, {
    ifr_name: checkInterfaceName('interface', name, constants.IFNAMSIZ),
    ifr_addr: socketAddressIPv6(b.bindings, parseIPv6('address', address)),
  });
  const args = [b.socket('AF_INET6'), constants.SIOCDIFADDR_IN6, { arena: at }];
  const value = b.call('ioctl', args, { object: `interface ${name}: address ${address}` });
  return { value, decode: () => undefined };
}

/** The ND6_IFF_* of an interface: whether IPv6 is on, how it configures itself. */
export function ipv6Flags(b: BatchBuilder, name: string): Step<number> {
  const { constants, layouts } = b.bindings;
  const at = b.arena.struct(layouts.in6_ndireq, {
    ifname: checkInterfaceName('interface', name, constants.IFNAMSIZ),
  });
  const args = [b.socket('AF_INET6'), constants.SIOCGIFINFO_IN6, { arena: at }];
  const value = b.call('ioctl', args, { object: `interface ${name}: IPv6` });
  const info = at + layouts.in6_ndireq.fields.ndi.offset;
  return { value, decode: ({ arena }) => readStruct(arena, info, layouts.nd_ifinfo).flags };
}

/**
 * Sets the ND6_IFF_* of an interface, to exactly these: SIOCSIFINFO_FLAGS. The kernel checks none of them, so what is
 * to stay has to come from `ipv6Flags`.
 */
export function setIPv6Flags(b: BatchBuilder, name: string, flags: number): Step<void> {
  const { constants, layouts } = b.bindings;
  checkInteger('IPv6 flags', flags, 0, 0xffff);
  const at = b.arena.struct(layouts.in6_ndireq, {
    ifname: checkInterfaceName('interface', name, constants.IFNAMSIZ),
  });
  b.arena.writeStruct(at + layouts.in6_ndireq.fields.ndi.offset, layouts.nd_ifinfo, { flags });
  const args = [b.socket('AF_INET6'), constants.SIOCSIFINFO_FLAGS, { arena: at }];
  const value = b.call('ioctl', args, { object: `interface ${name}: IPv6` });
  return { value, decode: () => undefined };
}

function checkUsable(what: string, address: string, usable: boolean): void {
  if (!usable) throw new RangeError(`${what}: ${address} is not the address of one host`);
}
