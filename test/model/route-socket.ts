import { wouldBlock } from './blocking.js';
import { Failure, fail } from './failure.js';
import { vnetOf } from './jail.js';
import type { CallContext, OpenFile } from './open-file.js';
import type { Process } from './process.js';
import { connectedBy, type Route } from './route.js';
import type { Vnet } from './vnet.js';

const headerSize = 152;

interface RouteMessage {
  readonly type: number;
  readonly flags: number;
  readonly family: 4 | 6;
  readonly destination: Uint8Array;
  readonly mask: Uint8Array | undefined;
  readonly gateway: Uint8Array | undefined;
  readonly scope: number;
}

/** A socket of route(4): what is written is done, and comes back with what became of it. */
export function routeSocket(process: Process, flags: number): OpenFile {
  const vnet = vnetOf(process.jail);
  const replies: Uint8Array[] = [];
  const socket: OpenFile = {
    jail: process.jail,
    references: 0,
    flags: flags | 2,
    read: ({ memory }, address, length) => {
      const reply = replies.shift() ?? wouldBlock(socket, 'read of a routing socket');
      const part = reply.subarray(0, length);
      memory.write(address, part);
      return part.byteLength;
    },
    write: (context, address, length) => {
      const own = context.process.jail;
      if (own.parent !== undefined && vnetOf(own) === context.system.network.host) return fail('EPERM');
      if (length < 8) return fail('ENOBUFS');
      const message = context.memory.at(address, length).slice();
      replies.push(message);
      const error = handle(context, vnet, message);
      if (error !== '') return fail(error);
      return length;
    },
  };
  return socket;
}

/** Does what a message says; the errno goes into the copy that is read back. */
function handle(context: CallContext, vnet: Vnet, message: Uint8Array): string {
  const { constants: c, errors, layouts } = context.system.bindings;
  const view = new DataView(message.buffer);
  const { fields } = layouts.rt_msghdr;
  if (message.byteLength < headerSize || view.getUint16(0, true) !== message.byteLength) return 'EINVAL';
  if (message[2] !== c.RTM_VERSION) return 'EPROTONOSUPPORT';
  view.setInt32(fields.rtm_pid.offset, context.process.pid, true);
  try {
    act(context, vnet, parse(context, message));
    view.setInt32(fields.rtm_flags.offset, view.getInt32(fields.rtm_flags.offset, true) | 0x40, true);
    return '';
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    view.setInt32(fields.rtm_errno.offset, (errors as Record<string, number>)[error.code] ?? 0, true);
    return error.code;
  }
}

function parse({ system }: CallContext, message: Uint8Array): RouteMessage {
  const { constants: c } = system.bindings;
  const view = new DataView(message.buffer);
  const type = message[3] ?? 0;
  if (![c.RTM_ADD, c.RTM_DELETE, c.RTM_CHANGE, c.RTM_GET].includes(type)) fail('EOPNOTSUPP');
  const addrs = view.getInt32(12, true);
  let at = headerSize;
  const next = (bit: number): Uint8Array | undefined => {
    if ((addrs & bit) === 0) return undefined;
    if (at >= message.byteLength) return fail('EINVAL');
    const length = message[at] ?? 0;
    const address = message.slice(at, at + length);
    at += length === 0 ? 8 : Math.ceil(length / 8) * 8;
    return address;
  };
  const [destination, gateway, mask] = [next(c.RTA_DST), next(c.RTA_GATEWAY), next(c.RTA_NETMASK)];
  const family = destination?.[1] === c.AF_INET ? 4 : destination?.[1] === c.AF_INET6 ? 6 : fail('EINVAL');
  const bytes = (address: Uint8Array): Uint8Array => {
    const raw = new Uint8Array(family === 4 ? 4 : 16);
    raw.set(address.subarray(family === 4 ? 4 : 8).subarray(0, raw.byteLength));
    return raw;
  };
  if (destination === undefined) return fail('EINVAL');
  const scopeAt = 24;
  return {
    type,
    flags: view.getInt32(8, true),
    family,
    destination: bytes(destination),
    mask: mask === undefined ? undefined : bytes(mask),
    gateway: gateway === undefined ? undefined : bytes(gateway),
    scope:
      family === 6 && gateway !== undefined && gateway.byteLength >= 28
        ? new DataView(gateway.buffer, gateway.byteOffset).getUint32(scopeAt, true)
        : 0,
  };
}

function act({ system }: CallContext, vnet: Vnet, message: RouteMessage): void {
  const { constants: c } = system.bindings;
  const { family, destination, gateway } = message;
  const mask = message.mask ?? new Uint8Array(destination.byteLength).fill(255);
  const known = vnet.routes.find((route) => {
    return (
      route.family === family &&
      Buffer.compare(route.destination, destination) === 0 &&
      Buffer.compare(route.mask, mask) === 0
    );
  });
  if (message.type === c.RTM_ADD) {
    if (gateway === undefined) fail('EINVAL');
    const via = connectedBy(vnet, family, gateway, message.scope) ?? fail('ENETUNREACH');
    if (known !== undefined) fail('EEXIST');
    const route: Route = { family, destination, mask, gateway, interface: via, flags: message.flags };
    vnet.routes.push(route);
    return;
  }
  if (known === undefined) fail('ESRCH');
  // The gateway of what is deleted is not compared.
  if (message.type === c.RTM_DELETE) vnet.routes = vnet.routes.filter((route) => route !== known);
  if (message.type === c.RTM_CHANGE && gateway !== undefined) {
    known.interface = connectedBy(vnet, family, gateway, message.scope) ?? fail('ENETUNREACH');
    known.gateway = gateway;
  }
}
