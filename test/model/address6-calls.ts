import { fail } from './failure.js';
import { bringUp, type Interface } from './interface.js';
import type { RequestSocket } from './interface-calls.js';
import type { CallContext } from './open-file.js';
import { dropUnreachable } from './route.js';

const socketAddressSize = 28;

/** Requests about IPv6 addresses and neighbour discovery; undefined for other requests. */
export function address6Call(
  context: CallContext,
  socket: RequestSocket,
  request: number,
  name: string,
  data: bigint,
): number | undefined {
  const { memory, system } = context;
  const { constants: c, layouts } = system.bindings;
  const discovery = [c.SIOCGIFINFO_IN6, c.SIOCSIFINFO_IN6, c.SIOCSIFINFO_FLAGS];
  const addresses = [c.SIOCAIFADDR_IN6, c.SIOCDIFADDR_IN6, c.SIOCGIFAFLAG_IN6];
  if (![...discovery, ...addresses].includes(request)) return undefined;
  if (socket.family !== c.AF_INET6) return fail('EINVAL');
  const interface_ = system.network.find(socket.vnet, name);
  const info = data + BigInt(layouts.in6_ndireq.fields.ndi.offset);
  switch (request) {
    case c.SIOCGIFINFO_IN6:
      memory.setFields(info, layouts.nd_ifinfo, {
        flags: interface_.nd6,
        linkmtu: interface_.mtu,
        chlim: 64,
      });
      return 0;
    case c.SIOCSIFINFO_IN6:
    case c.SIOCSIFINFO_FLAGS:
      setDiscovery(context, interface_, memory.struct(info, layouts.nd_ifinfo).flags);
      return 0;
    case c.SIOCAIFADDR_IN6:
      add(context, interface_, data);
      return 0;
    case c.SIOCDIFADDR_IN6: {
      const found = find(interface_, memory.at(data + 24n, 16)) ?? fail('EADDRNOTAVAIL');
      interface_.addresses6 = interface_.addresses6.filter((each) => each !== found);
      dropUnreachable(interface_.vnet);
      return 0;
    }
    default: {
      const found = find(interface_, memory.at(data + 24n, 16)) ?? fail('EADDRNOTAVAIL');
      memory.setFields(data, layouts.in6_ifreq, { ifr_flags6: found.flags });
      // What timers do has been done when somebody looks again.
      if ((interface_.nd6 & c.ND6_IFF_IFDISABLED) === 0) found.flags &= ~c.IN6_IFF_TENTATIVE;
      if (found.expired) interface_.addresses6 = interface_.addresses6.filter((each) => each !== found);
      return 0;
    }
  }
}

/** Turning IPv6 off makes its addresses tentative again. */
function setDiscovery({ system }: CallContext, interface_: Interface, flags: number): void {
  const { ND6_IFF_IFDISABLED: disabled, IN6_IFF_TENTATIVE: tentative } = system.bindings.constants;
  const turnsOff = (flags & disabled) !== 0 && (interface_.nd6 & disabled) === 0;
  if (turnsOff) for (const each of interface_.addresses6) each.flags |= tentative;
  interface_.nd6 = flags;
}

function find(interface_: Interface, address: Uint8Array) {
  return interface_.addresses6.find((each) => Buffer.compare(each.address, address) === 0);
}

function add({ memory, system }: CallContext, interface_: Interface, data: bigint): void {
  const { constants: c, layouts } = system.bindings;
  const request = memory.struct(data, layouts.in6_aliasreq);
  const [length, family] = request.ifra_addr;
  if (length !== socketAddressSize || family !== c.AF_INET6) fail('EAFNOSUPPORT');
  const prefix = prefixOf(request.ifra_prefixmask);
  if (request.ifra_prefixmask[0] !== socketAddressSize || prefix === 0) fail('EINVAL');
  if (request.ia6t_pltime > request.ia6t_vltime) fail('EINVAL');
  const address = request.ifra_addr.slice(8, 24);
  if (address.every((byte) => byte === 0)) fail('EEXIST');
  const loopback = address.every((byte, index) => byte === (index === 15 ? 1 : 0));
  if (loopback && interface_.kind !== 'lo') fail('EINVAL');
  const known = find(interface_, address);
  if (known !== undefined && known.prefix !== prefix) fail('EINVAL');
  // Adding an address turns IPv6 on again, and then nothing is detected.
  const disabled = (interface_.nd6 & c.ND6_IFF_IFDISABLED) !== 0;
  interface_.nd6 &= ~c.ND6_IFF_IFDISABLED;
  const detects = !disabled && interface_.kind !== 'lo';
  const flags = (request.ifra_flags & ~c.IN6_IFF_TENTATIVE) | (detects ? c.IN6_IFF_TENTATIVE : 0);
  const expired = request.ia6t_vltime === 0;
  if (known !== undefined) {
    interface_.addresses6 = interface_.addresses6.map((each) =>
      each === known ? { ...known, expired } : each,
    );
  } else {
    interface_.addresses6.push({ address, prefix, flags, expired });
  }
  bringUp(interface_);
  // It stays all the same.
  if (request.ifra_vhid > 0 && !system.modules.has('carp')) fail('EPROTONOSUPPORT');
}

function prefixOf(mask: Uint8Array): number {
  let prefix = 0;
  for (const byte of mask.subarray(8, 24)) for (let bit = 7; bit >= 0 && (byte >> bit) & 1; bit--) prefix++;
  return prefix;
}
