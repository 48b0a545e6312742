import assert from 'node:assert/strict';
import { formatIPv4, formatIPv6 } from '../../../src/kernel/freebsd/ip.js';
import { interfaceIndex } from '../../../src/kernel/freebsd/interface.js';
import { run, type FreeBSD } from '../../../src/kernel/freebsd/run.js';
import { call } from './raw.js';

/** A message of NET_RT_IFLIST, with the socket addresses in it by their RTA_*. */
export interface ListMessage {
  readonly type: number;
  readonly length: number;
  readonly addresses: ReadonlyMap<number, Uint8Array>;
}

/** An address of an interface, with what the kernel has made of its mask and broadcast address. */
export interface ListedAddress {
  readonly family: 4 | 6;
  readonly address: string;
  readonly mask: string;
  readonly broadcast: string | undefined;
}

const { ceil, max } = Math;

/** What sysctl(3) tells of one interface: it first, then its addresses. */
export async function listMessages(system: FreeBSD, name: string): Promise<ListMessage[]> {
  const index = await run(system, (b) => interfaceIndex(b, name));
  const { layouts } = system.bindings;
  const bytes = await list(system, index);
  const messages: ListMessage[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const length = bytes.readUInt16LE(at);
    assert.ok(length >= layouts.ifa_msghdr.size, `message of ${length} bytes`);
    messages.push(readMessage(system, bytes.subarray(at, at + length)));
    at += length;
  }
  return messages;
}

async function list(system: FreeBSD, index: number): Promise<Buffer> {
  const { constants: c } = system.bindings;
  const capacity = 65_536;
  const numbers = [c.CTL_NET, c.AF_ROUTE, 0, 0, c.NET_RT_IFLIST, index];
  let [buffer, size] = [0, 0];
  const { error, arena } = await call(system.kernel, 'sysctl', (a) => {
    buffer = a.reserve(capacity);
    size = a.scalar('u64', capacity, 'size');
    return [
      { arena: a.array('i32', numbers, 'mib') },
      numbers.length,
      { arena: buffer },
      { arena: size },
      0,
      0,
    ];
  });
  assert.equal(error, '', 'NET_RT_IFLIST');
  const whole = Buffer.from(arena.buffer, arena.byteOffset, arena.byteLength);
  return whole.subarray(buffer, buffer + Number(whole.readBigUInt64LE(size)));
}

function readMessage({ bindings }: FreeBSD, message: Buffer): ListMessage {
  const { constants: c, layouts } = bindings;
  const type = message.readUInt8(layouts.ifa_msghdr.fields.ifam_type.offset);
  const header = type === c.RTM_IFINFO ? layouts.if_msghdr : layouts.ifa_msghdr;
  const bits = message.readInt32LE(layouts.ifa_msghdr.fields.ifam_addrs.offset);
  const addresses = new Map<number, Uint8Array>();
  let at = header.size;
  for (let bit = 1; bit <= c.RTA_BRD; bit *= 2) {
    if ((bits & bit) === 0) continue;
    const length = message.readUInt8(at);
    addresses.set(bit, message.subarray(at, at + length));
    at += max(8, ceil(length / 8) * 8);
  }
  return { type, length: message.byteLength, addresses };
}

/** The addresses of an interface, in the kernel's order; those of IPv6 without the number that link-local ones have in them. */
export async function addressesOf(system: FreeBSD, name: string): Promise<ListedAddress[]> {
  const { constants: c } = system.bindings;
  const messages = await listMessages(system, name);
  return messages
    .filter(({ type }) => type === c.RTM_NEWADDR)
    .map(({ addresses }) => {
      const own = addresses.get(c.RTA_IFA);
      assert.ok(own);
      const family = own[1] === c.AF_INET ? 4 : 6;
      const mask = addressText(family, addresses.get(c.RTA_NETMASK) ?? new Uint8Array(0));
      const broadcast = addresses.get(c.RTA_BRD);
      return {
        family,
        address: addressText(family, own),
        mask,
        broadcast: broadcast === undefined || family === 6 ? undefined : addressText(4, broadcast),
      };
    });
}

function addressText(family: 4 | 6, socketAddress: Uint8Array): string {
  const bytes = new Uint8Array(family === 4 ? 4 : 16);
  bytes.set(socketAddress.subarray(family === 4 ? 4 : 8).subarray(0, bytes.byteLength));
  if (family === 4) return formatIPv4(bytes);
  // The kernel keeps the number of the interface within the address.
  if (bytes[0] === 0xfe && bytes[1] === 0x80) bytes.fill(0, 2, 4);
  return formatIPv6(bytes);
}

/** The texts of the IPv4 or IPv6 addresses of an interface. */
export async function addressTexts(system: FreeBSD, name: string, family: 4 | 6): Promise<string[]> {
  const all = await addressesOf(system, name);
  return all.filter((each) => each.family === family).map(({ address }) => address);
}

/** The Ethernet address that an interface has now, in hexadecimal. */
export async function linkAddress(system: FreeBSD, name: string): Promise<string> {
  const { constants: c, layouts } = system.bindings;
  const [first] = await listMessages(system, name);
  const link = first?.addresses.get(c.RTA_IFP);
  assert.ok(link);
  const { sdl_nlen, sdl_alen, sdl_data } = layouts.sockaddr_dl.fields;
  const start = sdl_data.offset + (link[sdl_nlen.offset] ?? 0);
  return Buffer.from(link.subarray(start, start + (link[sdl_alen.offset] ?? 0))).toString('hex');
}
