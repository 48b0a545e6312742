import { bind, type InternetSocket } from './bind.js';
import { wouldBlock } from './blocking.js';
import { fail } from './failure.js';
import { interfaceCall } from './interface-calls.js';
import { vnetOf } from './jail.js';
import type { CallContext, OpenFile } from './open-file.js';
import { routeSocket } from './route-socket.js';
import type { Process } from './process.js';
import { dropMessage, sendMessage, receiveMessage, type Message } from './socket-messages.js';
import type { Arguments, SystemCalls } from './system-call.js';

/** A datagram socket to make requests of the network stack with: the one of the process that makes it. */
function requestSocket(process: Process, family: number, flags: number): OpenFile {
  const vnet = vnetOf(process.jail);
  return {
    jail: process.jail,
    references: 0,
    flags: flags | 2,
    ioctl: (context, request, data) => interfaceCall(context, { vnet, family }, request, data),
  };
}

/** As above, and it can have a port. */
function internetSocket(
  process: Process,
  number: number,
  family: 4 | 6,
  kind: number,
  flags: number,
): OpenFile {
  const socket: InternetSocket = {
    ...requestSocket(process, number, flags),
    ...{ vnet: vnetOf(process.jail), family, type: kind, bound: undefined },
    closed: () => {
      socket.vnet.ports = socket.vnet.ports.filter((port) => port !== socket.bound);
    },
  };
  return socket;
}

function socket(context: CallContext, args: Arguments): number {
  const { process, system } = context;
  const { constants: c } = system.bindings;
  const [family, type] = [args.int(0), args.int(1)];
  const kind = type & ~(c.SOCK_CLOEXEC | c.SOCK_NONBLOCK);
  const flags = (type & c.SOCK_NONBLOCK) === 0 ? 0 : c.O_NONBLOCK;
  const known = [c.AF_LOCAL, c.AF_INET, c.AF_INET6, c.AF_ROUTE];
  if (!known.includes(family)) return fail('EAFNOSUPPORT');
  requireFamily(context, family, kind);
  const file =
    family === c.AF_ROUTE
      ? routeSocket(process, flags)
      : family === c.AF_LOCAL
        ? requestSocket(process, family, flags)
        : internetSocket(process, family, family === c.AF_INET ? 4 : 6, kind, flags);
  return process.descriptors.add(file, (type & c.SOCK_CLOEXEC) !== 0);
}

/** What a jail without a stack of its own may have: the families that it has addresses of, raw ones if allowed. */
function requireFamily({ process, system }: CallContext, family: number, kind: number): void {
  const { constants: c } = system.bindings;
  const { jail } = process;
  if (vnetOf(jail) !== system.network.host || jail.parent === undefined) return;
  const addresses = family === c.AF_INET ? jail.ip4 : family === c.AF_INET6 ? jail.ip6 : undefined;
  if (addresses === undefined) return;
  if (addresses.restricted && addresses.list.length === 0) fail('EPROTONOSUPPORT');
  if (kind === c.SOCK_RAW && !jail.allow.has('raw_sockets')) fail('EPERM');
}

/** Two connected sockets, by which descriptors can be passed. */
function socketPair({ memory, process, system }: CallContext, args: Arguments): number {
  const { constants: c } = system.bindings;
  if (args.int(0) !== c.AF_LOCAL) return fail('EPROTONOSUPPORT');
  const type = args.int(1);
  const flags = (type & c.SOCK_NONBLOCK) === 0 ? 2 : 2 | c.O_NONBLOCK;
  const queues: [Message[], Message[]] = [[], []];
  const ends = ([0, 1] as const).map((side): LocalSocket => {
    const end: LocalSocket = {
      jail: process.jail,
      references: 0,
      flags,
      incoming: queues[side],
      outgoing: queues[1 - side] ?? [],
      read: ({ memory: own }, address, length) => {
        const message = end.incoming.shift() ?? wouldBlock(end, 'read of a socket');
        own.write(address, message.data.subarray(0, length));
        return Math.min(length, message.data.byteLength);
      },
      write: ({ memory: own }, address, length) => {
        end.outgoing.push({ data: own.at(address, length).slice(), files: [] });
        return length;
      },
      closed: () => {
        for (const message of end.incoming.splice(0)) dropMessage(system, message);
      },
    };
    return end;
  });
  ends.forEach((end, index) => {
    const fd = process.descriptors.add(end, (type & c.SOCK_CLOEXEC) !== 0);
    memory.setI32(args.address(3) + BigInt(index * 4), fd);
  });
  return 0;
}

/** One end of a pair. */
interface LocalSocket extends OpenFile {
  readonly incoming: Message[];
  readonly outgoing: Message[];
}

function localSocket({ process }: CallContext, fd: number): LocalSocket {
  const file = process.descriptors.get(fd);
  return 'incoming' in file ? (file as LocalSocket) : fail('EOPNOTSUPP');
}

export const socketCalls: SystemCalls = {
  bind,
  socket,
  socketpair: socketPair,
  sendmsg: (context, args) => {
    const message = sendMessage(context, args.address(1));
    localSocket(context, args.int(0)).outgoing.push(message);
    return message.data.byteLength;
  },
  recvmsg: (context, args) => {
    const end = localSocket(context, args.int(0));
    const message = end.incoming.shift() ?? wouldBlock(end, 'recvmsg');
    return receiveMessage(context, args.address(1), message);
  },
};
