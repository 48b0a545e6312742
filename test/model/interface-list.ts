import type { Interface } from './interface.js';
import { vnetOf } from './jail.js';
import type { CallContext } from './open-file.js';
import { joinAddresses, socketAddress } from './route-message.js';
import { maskOfPrefix } from './route.js';
import { fail } from './failure.js';
import { listRoutes } from './route-list.js';
import type { System } from './system.js';

// NET_RT_IFLIST of sysctl(3): a message for each interface, followed by one for each of its addresses.

const ethernet = 6;
const align = (length: number): number => Math.ceil(length / 8) * 8;

/** What net.routetable answers to the numbers 0, family, operation, argument. */
export function listInterfaces({ process, system }: CallContext, rest: readonly number[]): Uint8Array {
  const { constants: c } = system.bindings;
  const [zero, family = 0, operation, index = 0] = rest;
  if (rest.length !== 4 || zero !== 0) return fail('EINVAL');
  if (operation === c.NET_RT_DUMP) return listRoutes(system, vnetOf(process.jail), family);
  if (operation !== c.NET_RT_IFLIST) return fail('EINVAL');
  const chosen = vnetOf(process.jail).interfaces.filter((each) => index === 0 || each.index === index);
  return Buffer.concat(
    chosen.flatMap((each) => [interfaceMessage(system, each), ...addressMessages(system, each, family)]),
  );
}

function interfaceMessage(system: System, interface_: Interface): Uint8Array {
  const { constants: c, layouts } = system.bindings;
  const { fields, size } = layouts.if_msghdr;
  const link = new Uint8Array(layouts.sockaddr_dl.size);
  const name = Buffer.from(interface_.name);
  const { ethernetAddress, flags, index } = interface_;
  link.set([link.byteLength, c.AF_LINK, index & 0xff, index >> 8, ethernet]);
  link.set([name.byteLength, ethernetAddress.byteLength, 0, ...name, ...ethernetAddress], 5);
  const message = Buffer.concat([Buffer.alloc(size), joinAddresses([link])]);
  message.writeUInt16LE(message.byteLength, fields.ifm_msglen.offset);
  message.set([c.RTM_VERSION, c.RTM_IFINFO], fields.ifm_version.offset);
  message.writeInt32LE(c.RTA_IFP, fields.ifm_addrs.offset);
  message.writeInt32LE(flags, fields.ifm_flags.offset);
  message.writeUInt16LE(index, fields.ifm_index.offset);
  return message;
}

function addressMessages(system: System, interface_: Interface, family: number): Uint8Array[] {
  const { constants: c } = system.bindings;
  const { addresses4, addresses6, index } = interface_;
  const messages4 = addresses4.map(({ address, mask, broadcast }) => {
    const addresses = [mask, address, broadcast].map((each) => socketAddress(system, 4, each));
    return addressMessage(system, index, c.RTA_NETMASK | c.RTA_IFA | c.RTA_BRD, addresses);
  });
  const messages6 = addresses6.map(({ address, prefix }) => {
    const addresses = [maskOfPrefix(prefix), address].map((each) => socketAddress(system, 6, each));
    return addressMessage(system, index, c.RTA_NETMASK | c.RTA_IFA, addresses);
  });
  return [...(family === c.AF_INET6 ? [] : messages4), ...(family === c.AF_INET ? [] : messages6)];
}

function addressMessage(
  { bindings }: System,
  index: number,
  addrs: number,
  addresses: readonly Uint8Array[],
): Uint8Array {
  const { constants: c, layouts } = bindings;
  const { fields, size } = layouts.ifa_msghdr;
  const joined = joinAddresses(addresses);
  // The addresses follow the header at once; the message as a whole is padded.
  const message = Buffer.alloc(align(size + joined.byteLength));
  message.set(joined, size);
  message.writeUInt16LE(message.byteLength, fields.ifam_msglen.offset);
  message.set([c.RTM_VERSION, c.RTM_NEWADDR], fields.ifam_version.offset);
  message.writeInt32LE(addrs, fields.ifam_addrs.offset);
  message.writeUInt16LE(index, fields.ifam_index.offset);
  return message;
}
