import { isKernelError } from '../error.js';
import type { Bindings } from '../bindings/types.js';
import { checkInteger } from './check.js';
import { run, type FreeBSD } from './run.js';
import { readSysctlList } from './sysctl.js';

/** A message of the lists that sysctl(3) has below net.routetable, with the socket addresses in it by their RTA_*. */
export interface ListMessage {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly addresses: ReadonlyMap<number, Uint8Array>;
}

// A list that grows while it is asked for has outgrown its buffer so many times at most.
const maxTries = 8;

/**
 * Reads such a list, or finds that it is longer than wanted: undefined.
 *
 * @param numbers what follows CTL_NET, AF_ROUTE, 0: the family, the operation, and what it is about
 * @param most bytes
 */
export async function readMessages(
  system: FreeBSD,
  numbers: readonly [family: number, operation: number, argument: number],
  most: number,
): Promise<ListMessage[] | undefined> {
  checkInteger('most', most, 1, 0x7fff_ffff);
  const { CTL_NET, AF_ROUTE } = system.bindings.constants;
  const mib = [CTL_NET, AF_ROUTE, 0, ...numbers];
  const object = 'net.routetable';
  for (let tries = 1; ; tries++) {
    const { length } = await run(system, (b) => readSysctlList(b, mib, 0, object));
    if (length > most) return undefined;
    // Room for what comes meanwhile; the kernel wants some even where there is nothing.
    const room = length + 1024 * tries;
    const found = await run(system, (b) => b.attempt(() => readSysctlList(b, mib, room, object)));
    if (!isKernelError(found)) return splitMessages(system.bindings, found.bytes);
    if (found.code !== 'ENOMEM' || tries === maxTries) throw found;
  }
}

function splitMessages(bindings: Bindings, bytes: Uint8Array): ListMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: ListMessage[] = [];
  for (let at = 0; at + 4 <= bytes.byteLength;) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.byteLength)
      throw new Error(`net.routetable: a message of ${length} bytes`);
    messages.push(readMessage(bindings, bytes.subarray(at, at + length)));
    at += length;
  }
  return messages;
}

/** All headers begin with length, version, type; where they name their addresses, and where they end, differs. */
function readMessage({ constants: c, layouts }: Bindings, bytes: Uint8Array): ListMessage {
  const type = bytes[layouts.ifa_msghdr.fields.ifam_type.offset] ?? 0;
  const { size, addrs } =
    type === c.RTM_IFINFO
      ? { size: layouts.if_msghdr.size, addrs: layouts.if_msghdr.fields.ifm_addrs.offset }
      : type === c.RTM_GET
        ? { size: layouts.rt_msghdr.size, addrs: layouts.rt_msghdr.fields.rtm_addrs.offset }
        : { size: layouts.ifa_msghdr.size, addrs: layouts.ifa_msghdr.fields.ifam_addrs.offset };
  if (bytes.byteLength < size) throw new Error(`net.routetable: a message of ${bytes.byteLength} bytes`);
  const bits = new DataView(bytes.buffer, bytes.byteOffset).getInt32(addrs, true);
  const addresses = new Map<number, Uint8Array>();
  let at = size;
  for (let bit = 1; bit <= c.RTA_BRD; bit *= 2) {
    if ((bits & bit) === 0 || at >= bytes.byteLength) continue;
    const length = bytes[at] ?? 0;
    addresses.set(bit, bytes.subarray(at, at + length));
    // SA_SIZE of net/route.h
    at += Math.max(8, Math.ceil(length / 8) * 8);
  }
  return { type, bytes, addresses };
}

/** The address in a socket address; zeros at the end of a mask may be left out, with its family. */
export function addressBytes(
  { layouts }: Bindings,
  family: 'inet' | 'inet6',
  socketAddress: Uint8Array | undefined,
): Uint8Array {
  const isIPv4 = family === 'inet';
  const { offset } = isIPv4 ? layouts.sockaddr_in.fields.sin_addr : layouts.sockaddr_in6.fields.sin6_addr;
  const bytes = new Uint8Array(isIPv4 ? 4 : 16);
  bytes.set((socketAddress ?? new Uint8Array(0)).subarray(offset, offset + bytes.byteLength));
  return bytes;
}

/** How many leading bits a mask has set. */
export function prefixOf(mask: Uint8Array): number {
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const zero = bits.indexOf('0');
  return zero < 0 ? bits.length : zero;
}
