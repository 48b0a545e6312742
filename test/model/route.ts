import { fail } from './failure.js';
import type { Interface } from './interface.js';
import type { RouteMessage } from './route-message.js';
import type { Vnet } from './vnet.js';

/** A route that somebody added; those to connected networks follow from the addresses. */
export interface Route {
  readonly family: 4 | 6;
  readonly destination: Uint8Array;
  readonly mask: Uint8Array;
  gateway: Uint8Array;
  interface: Interface;
  /** RTF_* */
  flags: number;
}

/** The route to what a message names; without a mask, to that one address. */
export function findRoute(vnet: Vnet, message: RouteMessage): Route | undefined {
  return vnet.routes.find(({ family, destination, mask }) => {
    return family === message.family && same(destination, message.destination) && same(mask, maskOf(message));
  });
}

/** RTM_ADD. */
export function addRoute(vnet: Vnet, message: RouteMessage): Route {
  const { family, destination, flags } = message;
  const gateway = message.gateway ?? fail('EINVAL');
  const via = connectedBy(vnet, family, gateway, message.scope) ?? fail('ENETUNREACH');
  const mask = maskOf(message);
  // The address of zeros without a mask is where the table itself begins.
  const isTable = message.mask === undefined && destination.every((byte) => byte === 0);
  if (isTable || findRoute(vnet, message) !== undefined) fail('EEXIST');
  if (connectedNetwork(vnet, family, destination, mask)) fail('EEXIST');
  const route: Route = { family, destination, mask, gateway, interface: via, flags };
  vnet.routes.push(route);
  return route;
}

/** RTM_DELETE: the gateway is not compared. */
export function deleteRoute(vnet: Vnet, message: RouteMessage): Route {
  const route = findRoute(vnet, message) ?? fail('ESRCH');
  vnet.routes = vnet.routes.filter((each) => each !== route);
  return route;
}

/** RTM_CHANGE: another gateway. */
export function changeRoute(vnet: Vnet, message: RouteMessage): Route {
  const route = findRoute(vnet, message) ?? fail('ESRCH');
  const { gateway } = message;
  if (gateway !== undefined) {
    route.interface = connectedBy(vnet, message.family, gateway, message.scope) ?? fail('ENETUNREACH');
    route.gateway = gateway;
  }
  return route;
}

/** Takes away the routes whose gateways are in no connected network any more. */
export function dropUnreachable(vnet: Vnet): void {
  vnet.routes = vnet.routes.filter(({ family, gateway, interface: via }) => {
    return via.vnet === vnet && connectedBy(vnet, family, gateway, via.index) !== undefined;
  });
}

/** The interface by which an address is reached directly, or undefined. */
function connectedBy(vnet: Vnet, family: 4 | 6, address: Uint8Array, scope: number): Interface | undefined {
  const isLinkLocal = family === 6 && address[0] === 0xfe && ((address[1] ?? 0) & 0xc0) === 0x80;
  if (isLinkLocal) {
    // The number of the interface may also be embedded in the address.
    const embedded = ((address[2] ?? 0) << 8) | (address[3] ?? 0);
    return vnet.interfaces.find(({ index }) => index === (scope !== 0 ? scope : embedded));
  }
  return vnet.interfaces.find((interface_) => {
    return networksOf(interface_, family).some((each) => sameNetwork(each.address, address, each.mask));
  });
}

/** Whether this very network is one that an interface is in. */
function connectedNetwork(vnet: Vnet, family: 4 | 6, destination: Uint8Array, mask: Uint8Array): boolean {
  return vnet.interfaces.some((interface_) => {
    return networksOf(interface_, family).some((each) => {
      return same(each.mask, mask) && sameNetwork(each.address, destination, mask);
    });
  });
}

interface Network {
  readonly address: Uint8Array;
  readonly mask: Uint8Array;
}

function networksOf({ addresses4, addresses6 }: Interface, family: 4 | 6): readonly Network[] {
  if (family === 4) return addresses4;
  return addresses6.map(({ address, prefix }) => ({ address, mask: maskOfPrefix(prefix) }));
}

/** The mask of an IPv6 prefix. */
export function maskOfPrefix(prefix: number): Uint8Array {
  return Uint8Array.from(
    { length: 16 },
    (_, index) => 0xff & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))),
  );
}

function maskOf({ destination, mask }: RouteMessage): Uint8Array {
  return mask ?? new Uint8Array(destination.byteLength).fill(255);
}

function sameNetwork(one: Uint8Array, other: Uint8Array, mask: Uint8Array): boolean {
  return mask.every((bits, index) => ((one[index] ?? 0) & bits) === ((other[index] ?? 0) & bits));
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
