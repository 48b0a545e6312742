import { isIPv4 } from 'node:net';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkWord } from './check.js';
import { parseIPv4, parseIPv6 } from './ip.js';
import { socketAddressIPv4, socketAddressIPv6 } from './socket-address.js';

/** Where a server listens. */
export interface Port {
  readonly protocol: 'tcp' | 'udp';
  /** 0.0.0.0 or :: for all addresses of the family. */
  readonly address: string;
  readonly port: number;
}

/**
 * Takes a port as a server does, and lets go of it at the end of the batch: bind(2). EADDRINUSE if somebody has it, at
 * this address or, where one of both is all addresses, at any; EADDRNOTAVAIL if the network stack has no such address.
 */
export function tryPort(b: BatchBuilder, { protocol, address, port }: Port): Step<void> {
  const { constants: c } = b.bindings;
  checkWord('protocol', protocol, { tcp: true, udp: true });
  checkInteger('port', port, 1, 65_535);
  const inet = isIPv4(address);
  const socketAddress = inet
    ? socketAddressIPv4(b.bindings, parseIPv4('address', address))
    : socketAddressIPv6(b.bindings, parseIPv6('address', address));
  const { sin_port } = b.bindings.layouts.sockaddr_in.fields;
  // Of both families at the same place, in network order.
  new DataView(socketAddress.buffer).setUint16(sin_port.offset, port, false);
  const at = b.arena.reserve(socketAddress.byteLength);
  b.arena.write(at, socketAddress);
  const object = `${protocol} port ${inet ? address : `[${address}]`}:${port}`;
  const type = (protocol === 'tcp' ? c.SOCK_STREAM : c.SOCK_DGRAM) | c.SOCK_CLOEXEC;
  const socket = b.temporary(b.call('socket', [inet ? c.AF_INET : c.AF_INET6, type, 0], { object }));
  const value = b.call('bind', [socket, { arena: at }, socketAddress.byteLength], { object });
  return { value, decode: () => undefined };
}
