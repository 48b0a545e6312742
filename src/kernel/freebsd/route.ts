import { readStruct } from '../layout.js';
import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { checkPositive, checkWord } from './check.js';
import { maskOf, parseIPv4, parseIPv6 } from './ip.js';
import { socketAddressIPv4, socketAddressIPv6 } from './socket-address.js';

/** A route to a network by way of a gateway, both of one family. */
export interface Route {
  readonly family: 'IPv4' | 'IPv6';
  /** The network; without it, everything that has no route of its own. */
  readonly network?: { readonly address: string; readonly prefix: number };
  readonly gateway: string;
  /** The number of the interface that a link-local gateway is on. */
  readonly scope?: number;
}

/** Adds a route: RTM_ADD. EEXIST if there is one to that network, ENETUNREACH if nothing leads to the gateway. */
export function addRoute(b: BatchBuilder, route: Route): Step<void> {
  return routeCall(b, 'RTM_ADD', route);
}

/** Changes the gateway of a route: RTM_CHANGE. ESRCH if there is none. */
export function changeRoute(b: BatchBuilder, route: Route): Step<void> {
  return routeCall(b, 'RTM_CHANGE', route);
}

/** Deletes the route to a network, whatever its gateway: RTM_DELETE. ESRCH if there is none. */
export function deleteRoute(b: BatchBuilder, route: Omit<Route, 'gateway' | 'scope'>): Step<void> {
  return routeCall(b, 'RTM_DELETE', route);
}

/**
 * The number of the interface that packets leave by for which nothing but the default route is known: RTM_GET. ESRCH if
 * there is none; undefined if the answer has not come first, as the kernel tells this socket of other changes too.
 */
export function defaultRouteInterface(b: BatchBuilder, family: Route['family']): Step<number | undefined> {
  const { rt_msghdr } = b.bindings.layouts;
  const socket = b.socket('AF_ROUTE');
  routeCall(b, 'RTM_GET', { family }, socket);
  const capacity = 1024;
  const at = b.arena.reserve(capacity);
  const object = `route default: ${family}`;
  const value = b.call('read', [socket, { arena: at }, capacity], { object });
  return {
    value,
    decode: ({ arena, valueOf }) => {
      if (valueOf(value) < rt_msghdr.size) return undefined;
      const reply = readStruct(arena, at, rt_msghdr);
      const isAnswer = reply.rtm_type === b.bindings.constants.RTM_GET && reply.rtm_seq === 1;
      return isAnswer ? reply.rtm_index : undefined;
    },
  };
}

function routeCall(
  b: BatchBuilder,
  type: 'RTM_ADD' | 'RTM_CHANGE' | 'RTM_DELETE' | 'RTM_GET',
  route: Omit<Route, 'gateway'> & { readonly gateway?: string },
  socket: ResultOf = b.socket('AF_ROUTE'),
): Step<void> {
  const { constants: c, layouts } = b.bindings;
  checkWord('family', route.family, { IPv4: true, IPv6: true });
  const network = route.network ?? { address: route.family === 'IPv4' ? '0.0.0.0' : '::', prefix: 0 };
  // In the order of the RTA_* bits, each at a multiple of 8: route(4).
  const gateway = route.gateway === undefined ? [] : [gatewayAddress(b, route, route.gateway)];
  const sockets = [
    addressOf(b, route, 'network', network.address),
    ...gateway,
    maskAddress(b, route, network.prefix),
  ];
  const head = layouts.rt_msghdr.size;
  const length = sockets.reduce((sum, socket) => sum + padded(socket.byteLength), head);
  const at = b.arena.reserve(length);
  b.arena.writeStruct(at, layouts.rt_msghdr, {
    rtm_msglen: length,
    rtm_version: c.RTM_VERSION,
    rtm_type: c[type],
    rtm_flags: c.RTF_UP | c.RTF_STATIC | (gateway.length > 0 ? c.RTF_GATEWAY : 0),
    rtm_addrs: c.RTA_DST | c.RTA_NETMASK | (gateway.length > 0 ? c.RTA_GATEWAY : 0),
    rtm_seq: 1,
  });
  let offset = at + head;
  for (const socket of sockets) {
    b.arena.write(offset, socket);
    offset += padded(socket.byteLength);
  }
  const to = route.network === undefined ? 'default' : `${network.address}/${network.prefix}`;
  const object = `route ${to}${route.gateway === undefined ? '' : ` via ${route.gateway}`}`;
  const value = b.call('write', [socket, { arena: at }, length], { object });
  return { value, decode: () => undefined };
}

function addressOf(
  b: BatchBuilder,
  { family }: { family: Route['family'] },
  what: string,
  text: string,
): Uint8Array {
  return family === 'IPv4'
    ? socketAddressIPv4(b.bindings, parseIPv4(what, text))
    : socketAddressIPv6(b.bindings, parseIPv6(what, text));
}

function gatewayAddress(
  b: BatchBuilder,
  { family, scope }: { readonly family: Route['family']; readonly scope?: number },
  text: string,
): Uint8Array {
  if (scope === undefined) return addressOf(b, { family }, 'gateway', text);
  if (family === 'IPv4') throw new RangeError('scope: only a gateway of IPv6 has one');
  return socketAddressIPv6(b.bindings, parseIPv6('gateway', text), checkPositive('scope', scope));
}

/** Never left out: without a mask, the kernel takes one from the class of the address. */
function maskAddress(b: BatchBuilder, { family }: { family: Route['family'] }, prefix: number): Uint8Array {
  return family === 'IPv4'
    ? socketAddressIPv4(b.bindings, maskOf('prefix', prefix, 4))
    : socketAddressIPv6(b.bindings, maskOf('prefix', prefix, 16));
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}
