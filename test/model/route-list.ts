import type { Interface } from './interface.js';
import { joinAddresses, socketAddress } from './route-message.js';
import { maskOfPrefix } from './route.js';
import type { System } from './system.js';
import type { Vnet } from './vnet.js';

// NET_RT_DUMP of sysctl(3), as observed (R30): added routes, and those that follow from the addresses of interfaces.

// RTF_* of those that follow: to the network of an address, and by lo0 to the address itself.
const [connected, own] = [0x100001, 0x100805];

/** The routes of a family, or of both for 0. */
export function listRoutes(system: System, vnet: Vnet, family: number): Uint8Array {
  const { constants: c } = system.bindings;
  const families = ([4, 6] as const).filter(
    (each) => family === 0 || family === (each === 4 ? c.AF_INET : c.AF_INET6),
  );
  return Buffer.concat(
    families.flatMap((each) => [...added(system, vnet, each), ...following(system, vnet, each)]),
  );
}

function added(system: System, vnet: Vnet, family: 4 | 6): Uint8Array[] {
  const { constants: c } = system.bindings;
  return vnet.routes
    .filter((route) => route.family === family)
    .map(({ destination, gateway, mask, interface: via, flags }) => {
      const address = addressOf(via, family);
      const addresses = [destination, gateway, mask].map((each) => socketAddress(system, family, each));
      const [interfaceAddress, ownAddress] = [
        link(system, via.index),
        socketAddress(system, family, address),
      ];
      const bits = c.RTA_DST | c.RTA_GATEWAY | c.RTA_NETMASK | c.RTA_IFP | c.RTA_IFA;
      return message(system, via.index, flags, bits, [...addresses, interfaceAddress, ownAddress]);
    });
}

function following(system: System, vnet: Vnet, family: 4 | 6): Uint8Array[] {
  const { constants: c } = system.bindings;
  const loopback = vnet.find('lo0')?.index ?? 0;
  return vnet.interfaces.flatMap((each) => {
    return networksOf(each, family).flatMap(({ address, mask }) => {
      const network = address.map((byte, index) => byte & (mask[index] ?? 0));
      const [to, of] = [socketAddress(system, family, network), socketAddress(system, family, mask)];
      const bits = c.RTA_DST | c.RTA_GATEWAY;
      return [
        message(system, each.index, connected, bits | c.RTA_NETMASK, [to, link(system, each.index), of]),
        message(system, loopback, own, bits, [
          socketAddress(system, family, address),
          link(system, loopback),
        ]),
      ];
    });
  });
}

function networksOf(
  { addresses4, addresses6 }: Interface,
  family: 4 | 6,
): readonly { readonly address: Uint8Array; readonly mask: Uint8Array }[] {
  if (family === 4) return addresses4;
  return addresses6.map(({ address, prefix }) => ({ address, mask: maskOfPrefix(prefix) }));
}

function addressOf(interface_: Interface, family: 4 | 6): Uint8Array {
  return networksOf(interface_, family)[0]?.address ?? new Uint8Array(family === 4 ? 4 : 16);
}

/** link#N */
function link({ bindings }: System, index: number): Uint8Array {
  const { constants: c, layouts } = bindings;
  const bytes = new Uint8Array(layouts.sockaddr_dl.size);
  bytes.set([bytes.byteLength, c.AF_LINK, index & 0xff, index >> 8]);
  return bytes;
}

function message(
  { bindings }: System,
  index: number,
  flags: number,
  bits: number,
  addresses: readonly Uint8Array[],
): Uint8Array {
  const { constants: c, layouts } = bindings;
  const { fields, size } = layouts.rt_msghdr;
  const whole = Buffer.concat([Buffer.alloc(size), joinAddresses(addresses)]);
  whole.writeUInt16LE(whole.byteLength, fields.rtm_msglen.offset);
  whole.set([c.RTM_VERSION, c.RTM_GET], fields.rtm_version.offset);
  whole.writeUInt16LE(index, fields.rtm_index.offset);
  whole.writeInt32LE(flags, fields.rtm_flags.offset);
  whole.writeInt32LE(bits, fields.rtm_addrs.offset);
  return whole;
}
