import { fail } from './failure.js';
import type { CallContext, OpenFile } from './open-file.js';
import type { Arguments } from './system-call.js';
import type { Vnet } from './vnet.js';

/** A port that a socket has taken. */
export interface BoundPort {
  readonly family: 4 | 6;
  readonly type: number;
  readonly address: Uint8Array;
  readonly port: number;
}

/** A socket of IP that can be bound. */
export interface InternetSocket extends OpenFile {
  readonly vnet: Vnet;
  readonly family: 4 | 6;
  readonly type: number;
  bound: BoundPort | undefined;
}

const isAny = (address: Uint8Array): boolean => address.every((byte) => byte === 0);

/** bind(2) of sockets of IP, none of which share their ports. */
export function bind({ process, system, memory }: CallContext, args: Arguments): number {
  const { constants: c, layouts } = system.bindings;
  const file = process.descriptors.get(args.int(0));
  if (!('bound' in file)) return fail('EOPNOTSUPP');
  const socket = file as InternetSocket;
  const { vnet, family, type } = socket;
  const layout = family === 4 ? layouts.sockaddr_in : layouts.sockaddr_in6;
  const bytes = memory.at(args.address(1), args.int(2)).slice();
  if (bytes.byteLength !== layout.size || socket.bound !== undefined) return fail('EINVAL');
  if (bytes[1] !== (family === 4 ? c.AF_INET : c.AF_INET6)) return fail('EAFNOSUPPORT');
  const address = family === 4 ? bytes.slice(4, 8) : bytes.slice(8, 24);
  const port = new DataView(bytes.buffer).getUint16(2, false);
  const wanted: BoundPort = { family, type, address, port };
  if (!isAny(address) && !hasAddress(vnet, wanted)) return fail('EADDRNOTAVAIL');
  if (vnet.ports.some((other) => clash(wanted, other))) return fail('EADDRINUSE');
  vnet.ports.push(wanted);
  socket.bound = wanted;
  return 0;
}

function hasAddress({ interfaces }: Vnet, { address, family }: BoundPort): boolean {
  return interfaces.some(({ addresses4, addresses6 }) =>
    (family === 4 ? addresses4 : addresses6).some((own) => Buffer.compare(own.address, address) === 0),
  );
}

function clash(one: BoundPort, other: BoundPort): boolean {
  const sameEnd = one.family === other.family && one.type === other.type && one.port === other.port;
  const meets =
    isAny(one.address) || isAny(other.address) || Buffer.compare(one.address, other.address) === 0;
  return sameEnd && meets;
}
