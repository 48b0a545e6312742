import { isIPv4 } from 'node:net';
import type { Family } from '../kernel/freebsd/pf-address.js';
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from '../kernel/freebsd/ip.js';

/** A network: its first address as a number, and how many leading bits its addresses share. */
export interface Prefix {
  readonly family: Family;
  readonly base: bigint;
  readonly length: number;
}

/** An address of a family, as a number. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

const bits = { inet: 32, inet6: 128 } as const;

/** How many bits an address of the family has. */
export function addressBits(family: Family): number {
  return bits[family];
}

/**
 * A network written as `address/length`. Bits set beyond the length are refused: whoever writes 10.88.0.1/16 may mean
 * an address, and not the network.
 *
 * @throws RangeError that begins with `what`
 */
export function parsePrefix(what: string, text: string): Prefix {
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) {
    throw new RangeError(`${what}: '${text}' is not a network such as 10.88.0.0/16 or fd00:88::/64`);
  }
  const { family, value } = parseAddress(what, address);
  const prefix = { family, base: value, length: Number(length) };
  if (prefix.length > bits[family]) {
    throw new RangeError(`${what}: '${text}': a length of at most ${bits[family]}`);
  }
  if (value !== firstOf(prefix)) {
    throw new RangeError(
      `${what}: '${text}' has bits set beyond its prefix: '${formatPrefix({ ...prefix, base: firstOf(prefix) })}' is meant?`,
    );
  }
  return prefix;
}

/** The network that an address with a prefix is in. */
export function networkOf({
  family,
  address,
  prefix,
}: {
  readonly family: Family;
  readonly address: string;
  readonly prefix: number;
}): Prefix {
  const { value } = parseAddress('address', address);
  return { family, base: firstOf({ family, base: value, length: prefix }), length: prefix };
}

/** An address in text, without prefix or zone. Throws a RangeError that begins with `what`. */
export function parseAddress(what: string, text: string): Address {
  const bytes = isIPv4(text) ? parseIPv4(what, text) : parseIPv6(what, text);
  const value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return { family: bytes.length === 4 ? 'inet' : 'inet6', value };
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress({ family: prefix.family, value: prefix.base })}/${prefix.length}`;
}

/** The address as text: dotted, or as RFC 5952 has it. */
export function formatAddress({ family, value }: Address): string {
  const size = bits[family] / 8;
  const bytes = Uint8Array.from({ length: size }, (_, index) =>
    Number((value >> BigInt((size - 1 - index) * 8)) & 0xffn),
  );
  return family === 'inet' ? formatIPv4(bytes) : formatIPv6(bytes);
}

/** How many addresses the network has, its first and last included. */
export function sizeOf({ family, length }: Prefix): bigint {
  return 1n << BigInt(bits[family] - length);
}

export function contains(prefix: Prefix, { family, value }: Address): boolean {
  return family === prefix.family && value >= prefix.base && value < prefix.base + sizeOf(prefix);
}

/** Whether some address is in both. */
export function overlaps(one: Prefix, other: Prefix): boolean {
  return (
    one.family === other.family &&
    one.base < other.base + sizeOf(other) &&
    other.base < one.base + sizeOf(one)
  );
}

function firstOf({ family, base, length }: Prefix): bigint {
  const hostBits = BigInt(bits[family] - length);
  return (base >> hostBits) << hostBits;
}
