import { wouldBlock } from './blocking.js';
import { Failure, fail } from './failure.js';
import { vnetOf } from './jail.js';
import type { CallContext, OpenFile } from './open-file.js';
import type { Process } from './process.js';
import { addRoute, changeRoute, deleteRoute, findRoute, type Route } from './route.js';
import { readRouteMessage, withRoute } from './route-message.js';
import type { Vnet } from './vnet.js';

// What is written has to have at least a length, a version and a type, whatever it says of them.
const leastMessage = 8;

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
      if (length < leastMessage) return fail('ENOBUFS');
      const { reply, error } = handle(context, vnet, context.memory.at(address, length).slice());
      replies.push(reply);
      if (error !== '') return fail(error);
      return length;
    },
  };
  return socket;
}

interface Handled {
  readonly reply: Uint8Array;
  readonly error: string;
}

/** Does what a message says; the errno goes into what is read back. */
function handle(context: CallContext, vnet: Vnet, message: Uint8Array): Handled {
  const { constants: c, errors, layouts } = context.system.bindings;
  const view = new DataView(message.buffer);
  const { fields, size } = layouts.rt_msghdr;
  const wrongLength =
    message.byteLength < size || view.getUint16(fields.rtm_msglen.offset, true) !== message.byteLength;
  // What is not understood comes back as it was, without the sender's pid.
  if (wrongLength) return { reply: message, error: 'EINVAL' };
  if (view.getUint8(fields.rtm_version.offset) !== c.RTM_VERSION)
    return { reply: message, error: 'EPROTONOSUPPORT' };
  view.setInt32(fields.rtm_pid.offset, context.process.pid, true);
  try {
    return { reply: act(context, vnet, message), error: '' };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    view.setInt32(fields.rtm_errno.offset, (errors as Record<string, number>)[error.code] ?? 0, true);
    return { reply: message, error: error.code };
  }
}

function act({ system }: CallContext, vnet: Vnet, message: Uint8Array): Uint8Array {
  const { constants: c, layouts } = system.bindings;
  const { fields } = layouts.rt_msghdr;
  const type = message[fields.rtm_type.offset] ?? 0;
  if (![c.RTM_ADD, c.RTM_DELETE, c.RTM_CHANGE, c.RTM_GET].includes(type)) return fail('EOPNOTSUPP');
  const request = readRouteMessage(system, message);
  const reply = (route: Route, flags: number, with_ = false): Uint8Array => {
    const whole = with_ ? withRoute(system, message, route) : message;
    const view = new DataView(whole.buffer, whole.byteOffset);
    view.setInt32(fields.rtm_flags.offset, flags | done, true);
    view.setUint16(fields.rtm_index.offset, route.interface.index, true);
    return whole;
  };
  switch (type) {
    case c.RTM_ADD:
      return reply(addRoute(vnet, request), request.flags);
    case c.RTM_CHANGE:
      return reply(changeRoute(vnet, request), request.flags);
    case c.RTM_DELETE: {
      const route = deleteRoute(vnet, request);
      return reply(route, route.flags & ~c.RTF_UP, true);
    }
    default: {
      const route = findRoute(vnet, request) ?? fail('ESRCH');
      return reply(route, route.flags, true);
    }
  }
}

// RTF_DONE of net/route.h
const done = 0x40;
