import { isIPv4, isIPv6 } from 'node:net';
import { checkInteger } from './check.js';

/** The 4 bytes of an IPv4 address in dotted form, in network order. Throws a RangeError. */
export function parseIPv4(what: string, text: string): Uint8Array {
  if (!isIPv4(text)) throw new RangeError(`${what}: '${text}' is not an IPv4 address`);
  return Uint8Array.from(text.split('.'), Number);
}

/** The 16 bytes of an IPv6 address without a zone, in network order. Throws a RangeError. */
export function parseIPv6(what: string, text: string): Uint8Array {
  if (!isIPv6(text) || text.includes('%')) throw new RangeError(`${what}: '${text}' is not an IPv6 address`);
  const [head = '', tail] = text.split('::');
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array<number>(8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

/** The bytes of an IPv4 address as text. */
export function formatIPv4(bytes: Uint8Array): string {
  return bytes.join('.');
}

/** The bytes of an IPv6 address as text, its longest run of zeros shortened: RFC 5952. */
export function formatIPv6(bytes: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, index) => {
    return (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16);
  });
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (words[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length === 1) return words.join(':');
  return `${words.slice(0, best.start).join(':')}::${words.slice(best.start + best.length).join(':')}`;
}

/** Whether an address can be one host's: it is neither of many, nor of none. */
export function isOfOneHost(bytes: Uint8Array): boolean {
  const [first = 0] = bytes;
  if (bytes.byteLength === 4) return first !== 0 && first < 224;
  return first !== 0xff && bytes.some((byte) => byte !== 0);
}

/** A network mask of `size` bytes whose first `prefix` bits are set. Throws a RangeError. */
export function maskOf(what: string, prefix: number, size: 4 | 16): Uint8Array {
  checkInteger(what, prefix, 0, size * 8);
  return Uint8Array.from({ length: size }, (_, index) => {
    const bits = Math.min(8, Math.max(0, prefix - index * 8));
    return 0xff & (0xff00 >> bits);
  });
}

/** The address with the bits set that the mask has not: the broadcast address of its network. */
export function broadcastOf(address: Uint8Array, mask: Uint8Array): Uint8Array {
  return address.map((byte, index) => byte | (~(mask[index] ?? 0) & 0xff));
}
