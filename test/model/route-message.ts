import { fail } from './failure.js';
import type { Route } from './route.js';
import type { System } from './system.js';

/** What a message of route(4) asks for. */
export interface RouteMessage {
  readonly type: number;
  /** RTF_* */
  readonly flags: number;
  readonly family: 4 | 6;
  readonly destination: Uint8Array;
  readonly mask: Uint8Array | undefined;
  readonly gateway: Uint8Array | undefined;
  /** sin6_scope_id of the gateway */
  readonly scope: number;
}

// SA_SIZE of net/route.h: addresses lie at multiples of 8, and an empty one takes 8 bytes.
const padded = (length: number): number => Math.max(8, Math.ceil(length / 8) * 8);

/** Takes a message apart whose header has been looked at; EINVAL if its addresses are not those that it tells of. */
export function readRouteMessage({ bindings }: System, message: Uint8Array): RouteMessage {
  const { constants: c, layouts } = bindings;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const { fields } = layouts.rt_msghdr;
  const addrs = view.getInt32(fields.rtm_addrs.offset, true);
  let at = layouts.rt_msghdr.size;
  const next = (bit: number): Uint8Array | undefined => {
    if ((addrs & bit) === 0) return undefined;
    if (at >= message.byteLength) return fail('EINVAL');
    const length = message[at] ?? 0;
    const address = message.slice(at, at + length);
    at += padded(length);
    return address;
  };
  const [destination, gateway, mask] = [next(c.RTA_DST), next(c.RTA_GATEWAY), next(c.RTA_NETMASK)];
  const family = destination?.[1] === c.AF_INET ? 4 : destination?.[1] === c.AF_INET6 ? 6 : fail('EINVAL');
  if (destination === undefined) return fail('EINVAL');
  const scopeAt = layouts.sockaddr_in6.fields.sin6_scope_id.offset;
  const hasScope = family === 6 && gateway !== undefined && gateway.byteLength >= scopeAt + 4;
  return {
    type: view.getUint8(fields.rtm_type.offset),
    flags: view.getInt32(fields.rtm_flags.offset, true),
    family,
    destination: addressIn(family, destination),
    mask: mask === undefined ? undefined : addressIn(family, mask),
    gateway: gateway === undefined ? undefined : addressIn(family, gateway),
    scope: hasScope ? new DataView(gateway.buffer, gateway.byteOffset).getUint32(scopeAt, true) : 0,
  };
}

/** The address in a socket address, which may be cut short where only zeros follow. */
function addressIn(family: 4 | 6, socketAddress: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 4 : 16);
  bytes.set(socketAddress.subarray(family === 4 ? 4 : 8).subarray(0, bytes.byteLength));
  return bytes;
}

/** A socket address as the kernel writes it. */
export function socketAddress({ bindings }: System, family: 4 | 6, address: Uint8Array): Uint8Array {
  const { constants: c, layouts } = bindings;
  const bytes = new Uint8Array(family === 4 ? layouts.sockaddr_in.size : layouts.sockaddr_in6.size);
  bytes.set([bytes.byteLength, family === 4 ? c.AF_INET : c.AF_INET6]);
  bytes.set(address, family === 4 ? 4 : 8);
  return bytes;
}

/** Socket addresses one after the other, as they follow a header. */
export function joinAddresses(addresses: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    addresses.map((address) => {
      const whole = new Uint8Array(padded(address.byteLength));
      whole.set(address);
      return whole;
    }),
  );
}

/** A message with a route's gateway in it as well, which who asks for a route or deletes it need not give. */
export function withRoute(system: System, message: Uint8Array, route: Route): Uint8Array {
  const { constants: c, layouts } = system.bindings;
  const { fields, size } = layouts.rt_msghdr;
  const { family, destination, gateway, mask } = route;
  const addresses = [destination, gateway, mask].map((address) => socketAddress(system, family, address));
  const whole = Buffer.concat([message.subarray(0, size), joinAddresses(addresses)]);
  whole.writeUInt16LE(whole.byteLength, fields.rtm_msglen.offset);
  whole.writeInt32LE(c.RTA_DST | c.RTA_GATEWAY | c.RTA_NETMASK, fields.rtm_addrs.offset);
  return whole;
}
