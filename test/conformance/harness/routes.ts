import assert from 'node:assert/strict';
import { Arena } from '../../../src/kernel/arena.js';
import { errnoName } from '../../../src/kernel/errno.js';
import { maskOf, parseIPv4, parseIPv6 } from '../../../src/kernel/freebsd/ip.js';
import type { FreeBSD } from '../../../src/kernel/freebsd/run.js';
import { socketAddressIPv4, socketAddressIPv6 } from '../../../src/kernel/freebsd/socket-address.js';
import { readStruct } from '../../../src/kernel/layout.js';
import { call } from './raw.js';

/** A message of route(4), where what is left out is as it should be. */
export interface RouteMessage {
  readonly type?: 'RTM_ADD' | 'RTM_CHANGE' | 'RTM_DELETE' | 'RTM_GET' | number;
  /** Socket addresses: destination, gateway, mask. */
  readonly destination?: Uint8Array;
  readonly gateway?: Uint8Array;
  readonly mask?: Uint8Array;
  /** RTF_* */
  readonly flags?: number;
  /** RTA_*, if they are not those of the socket addresses that are there. */
  readonly addrs?: number;
  readonly version?: number;
  /** rtm_msglen, if it is not the length. */
  readonly length?: number;
  /** How many bytes are written, if not all. */
  readonly written?: number;
}

export interface RouteReply {
  readonly type: number;
  readonly flags: number;
  readonly index: number;
  readonly pid: number;
  /** '' for 0 */
  readonly errno: string;
  readonly length: number;
  readonly addrs: number;
  /** All that follows the header. */
  readonly addresses: Uint8Array;
}

export interface RouteOutcome {
  readonly error: string;
  /** How many bytes were taken. */
  readonly value: number;
  /** What was read back; undefined if `reads` is false. */
  readonly reply: RouteReply | undefined;
}

/** RTF_UP, RTF_GATEWAY and RTF_STATIC: what routes by way of a gateway are added with. */
export const byGateway = 0x803;
/** RTF_DONE */
export const done = 0x40;

export function ip4({ bindings }: FreeBSD, address: string): Uint8Array {
  return socketAddressIPv4(bindings, parseIPv4('address', address));
}

export function mask4({ bindings }: FreeBSD, prefix: number): Uint8Array {
  return socketAddressIPv4(bindings, maskOf('prefix', prefix, 4));
}

export function ip6({ bindings }: FreeBSD, address: string, scope = 0): Uint8Array {
  return socketAddressIPv6(bindings, parseIPv6('address', address), scope);
}

export function mask6({ bindings }: FreeBSD, prefix: number): Uint8Array {
  return socketAddressIPv6(bindings, maskOf('prefix', prefix, 16));
}

let sequence = 1000;

/**
 * Writes a message to a routing socket of its own.
 *
 * @param reads whether the copy is waited for that the kernel gives back
 */
export async function routeMessage(
  system: FreeBSD,
  message: RouteMessage,
  reads = true,
): Promise<RouteOutcome> {
  const { constants: c } = system.bindings;
  const { kernel } = system;
  sequence++;
  const seq = sequence;
  const socket = await call(kernel, 'socket', () => [c.AF_ROUTE, c.SOCK_RAW | c.SOCK_CLOEXEC, 0]);
  assert.equal(socket.error, '', 'routing socket');
  const bytes = build(system, message, seq);
  const written = message.written ?? bytes.byteLength;
  const { error, value } = await call(kernel, 'write', (arena) => {
    return [socket.value, { arena: arena.bytes(bytes) }, written];
  });
  const reply = reads ? await readReply(system, socket.value, seq) : undefined;
  await call(kernel, 'close', () => [socket.value]);
  return { error, value, reply };
}

function build({ bindings }: FreeBSD, message: RouteMessage, seq: number): Uint8Array {
  const { constants: c, layouts } = bindings;
  const { destination, gateway, mask, type = 'RTM_ADD' } = message;
  const present = [destination, gateway, mask].filter((each) => each !== undefined);
  const bits = [destination, gateway, mask].reduce(
    (sum, each, index) => sum | (each === undefined ? 0 : 1 << index),
    0,
  );
  const tail = Buffer.concat(present.map((each) => padded(each)));
  const arena = new Arena();
  const length = layouts.rt_msghdr.size + tail.byteLength;
  const at = arena.reserve(length);
  arena.writeStruct(at, layouts.rt_msghdr, {
    rtm_msglen: message.length ?? length,
    rtm_version: message.version ?? c.RTM_VERSION,
    rtm_type: typeof type === 'number' ? type : c[type],
    rtm_flags: message.flags ?? byGateway,
    rtm_addrs: message.addrs ?? bits,
    rtm_seq: seq,
  });
  arena.write(at + layouts.rt_msghdr.size, tail);
  return arena.batch([]).arena.slice(at, at + length);
}

function padded(address: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.max(8, Math.ceil(address.byteLength / 8) * 8));
  whole.set(address);
  return whole;
}

/** Other messages than the one with this number are about what others do. */
async function readReply({ bindings, kernel }: FreeBSD, socket: number, seq: number): Promise<RouteReply> {
  const { size } = bindings.layouts.rt_msghdr;
  const capacity = 2048;
  for (;;) {
    let at = 0;
    const { error, value, arena } = await call(kernel, 'read', (a) => {
      at = a.reserve(capacity);
      return [socket, { arena: at }, capacity];
    });
    assert.equal(error, '', 'read of a routing socket');
    const bytes = arena.slice(at, at + value);
    const header = value < size ? undefined : readStruct(bytes, 0, bindings.layouts.rt_msghdr);
    if (header?.rtm_seq !== seq) continue;
    return {
      type: header.rtm_type,
      flags: header.rtm_flags,
      index: header.rtm_index,
      pid: header.rtm_pid,
      errno: header.rtm_errno === 0 ? '' : errnoName('freebsd', header.rtm_errno),
      length: value,
      addrs: header.rtm_addrs,
      addresses: bytes.subarray(size),
    };
  }
}
