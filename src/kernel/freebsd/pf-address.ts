import { isIPv4 } from 'node:net';
import type { BatchBuilder } from './batch-builder.js';
import { checkInteger, checkInterfaceName, checkWord } from './check.js';
import { maskOf, parseIPv4, parseIPv6 } from './ip.js';

/** An address family, in the words of pf.conf(5). */
export type Family = 'inet' | 'inet6';

/** The addresses that a rule is about. */
export type RuleAddress =
  /** A network in its plain form, or one host without a prefix. */
  | { readonly network: string; readonly prefix?: number }
  /** The addresses that an interface, or the interfaces of a group, have whenever a packet comes; without aliases. */
  | { readonly interface: string };

/** Ports from the first to the last, both inclusive; one port without a last. */
export interface Ports {
  readonly first: number;
  readonly last?: number;
}

/** One end of what a rule matches: any address and any port if they are left out. */
export interface RuleEnd {
  readonly address?: RuleAddress;
  /** Matches all addresses but these. */
  readonly not?: boolean;
  readonly ports?: Ports;
}

/** The family of an address, or undefined if that does not say it. Throws a RangeError if it is no address. */
export function familyOf(what: string, address: RuleAddress | undefined): Family | undefined {
  if (address === undefined || 'interface' in address) return undefined;
  if (isIPv4(address.network)) return 'inet';
  parseIPv6(what, address.network);
  return 'inet6';
}

/** AF_*, or 0 for any. */
export function familyNumber(b: BatchBuilder, family: Family | undefined): number {
  const { AF_INET, AF_INET6, AF_UNSPEC } = b.bindings.constants;
  return family === undefined ? AF_UNSPEC : checkWord('family', family, { inet: AF_INET, inet6: AF_INET6 });
}

/** The bytes of an address and of its mask. Throws a RangeError that names `what`. */
export function addressAndMask(
  what: string,
  { network, prefix }: { readonly network: string; readonly prefix?: number },
): { readonly address: Uint8Array; readonly mask: Uint8Array } {
  const size = isIPv4(network) ? 4 : 16;
  const address = size === 4 ? parseIPv4(what, network) : parseIPv6(what, network);
  const mask = maskOf(`${what}: prefix`, prefix ?? size * 8, size);
  if (address.some((byte, index) => (byte & ~(mask[index] ?? 0)) !== 0)) {
    throw new RangeError(`${what}: ${network}/${prefix ?? ''} has bits set beyond its prefix`);
  }
  return { address, mask };
}

/** Writes a struct pf_rule_addr. */
export function writeRuleEnd(b: BatchBuilder, at: number, what: string, end: RuleEnd): void {
  const { pf_rule_addr } = b.bindings.layouts;
  const { address, not = false, ports } = end;
  if (not && address === undefined) throw new RangeError(`${what}: not, but no address`);
  b.arena.writeStruct(at, pf_rule_addr, {
    neg: not ? 1 : 0,
    ...(ports === undefined ? {} : portFields(b, `${what}: port`, ports)),
  });
  if (address !== undefined) writeAddress(b, at + pf_rule_addr.fields.addr.offset, what, address);
}

/** Writes a struct pf_addr_wrap. Bytes that belong to the other forms stay zero: the kernel refuses a pointer in them. */
export function writeAddress(b: BatchBuilder, at: number, what: string, address: RuleAddress): void {
  const { constants: c, layouts } = b.bindings;
  if ('interface' in address) {
    b.arena.writeStruct(at, layouts.pf_addr_wrap, {
      type: c.PF_ADDR_DYNIFTL,
      ifname: checkInterfaceName(`${what}: interface`, address.interface, c.IFNAMSIZ),
      // Whole addresses, of either family.
      mask: new Uint8Array(16).fill(0xff),
      iflags: c.PFI_AFLAG_NOALIAS,
    });
    return;
  }
  const bytes = addressAndMask(what, address);
  b.arena.writeStruct(at, layouts.pf_addr_wrap, {
    type: c.PF_ADDR_ADDRMASK,
    addr: bytes.address,
    mask: bytes.mask,
  });
}

/** The fields of a struct pf_rule_addr that say which ports. They are in network order. */
export function portFields(
  b: BatchBuilder,
  what: string,
  ports: Ports,
): { readonly port: Uint8Array; readonly port_op: number } {
  const { PF_OP_EQ, PF_OP_RRG } = b.bindings.constants;
  const { first, last } = checkPorts(what, ports);
  const port = new Uint8Array(4);
  const view = new DataView(port.buffer);
  view.setUint16(0, first, false);
  if (last !== first) view.setUint16(2, last, false);
  return { port, port_op: last === first ? PF_OP_EQ : PF_OP_RRG };
}

/** Throws a RangeError if there are no such ports. */
export function checkPorts(what: string, { first, last = first }: Ports): { first: number; last: number } {
  checkInteger(what, first, 1, 65535);
  checkInteger(`${what}: last`, last, first, 65535);
  return { first, last };
}
