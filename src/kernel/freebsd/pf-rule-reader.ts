import type { Bindings } from '../bindings/types.js';
import { formatIPv4, formatIPv6 } from './ip.js';
import type { Family, Ports, RuleAddress, RuleEnd } from './pf-address.js';
import type { RulesetKind } from './pf-anchor.js';
import type { RawAddress, RawEnd, RawRule } from './pf-raw-rule.js';
import type { Protocol, Rule } from './pf-rule.js';
import { listRawRules } from './pf-rules.js';
import type { FreeBSD } from './run.js';
import { prefixOf } from './route-messages.js';

/**
 * The active rules of an anchor as `RulesetLoader` loads them. Undefined for one that says more than those can.
 *
 * @throws KernelError EINVAL if there is no such anchor
 */
export async function readRules(
  system: FreeBSD,
  anchor: string,
  kind: RulesetKind,
): Promise<(Rule | undefined)[]> {
  const rules = await listRawRules(system, anchor, kind);
  return rules.map((rule) => readRule(system.bindings, rule));
}

/** A rule that says nothing which a `Rule` cannot; undefined for others. */
function readRule(bindings: Bindings, raw: RawRule): Rule | undefined {
  const { constants: c } = bindings;
  const family: Family | undefined =
    raw.family === c.AF_INET ? 'inet' : raw.family === c.AF_INET6 ? 'inet6' : undefined;
  const protocol = protocolOf(bindings, raw.protocol);
  const source = readEnd(bindings, raw.source, family);
  const destination = readEnd(bindings, raw.destination, family);
  const isOther = source === 'other' || destination === 'other' || protocol === 'other';
  if (isOther || raw.anchorCall !== '') return undefined;
  const match = {
    ...(raw.interface === '' ? {} : { interface: raw.interface }),
    ...(family === undefined ? {} : { family }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(source === undefined ? {} : { source }),
    ...(destination === undefined ? {} : { destination }),
    ...(raw.label === '' ? {} : { label: raw.label }),
  };
  const to = raw.target === undefined ? undefined : readAddress(bindings, raw.target, family);
  if (to === 'other') return undefined;
  switch (raw.action) {
    case c.PF_PASS:
    case c.PF_DROP:
      return {
        kind: 'filter',
        action: raw.action === c.PF_PASS ? 'pass' : 'block',
        ...(raw.direction === c.PF_INOUT ? {} : { direction: raw.direction === c.PF_IN ? 'in' : 'out' }),
        ...(raw.quick ? { quick: true } : {}),
        ...match,
      };
    case c.PF_NAT:
    case c.PF_NONAT:
      return { kind: 'nat', ...match, to, ...natPorts(raw) };
    case c.PF_RDR:
    case c.PF_NORDR:
      return { kind: 'rdr', ...match, to, ...portsOf(raw.ports), ...(raw.pass ? { pass: true } : {}) };
    default:
      return undefined;
  }
}

/** Those that pf.conf(5) has for nat where nothing is said are not said either. */
function natPorts({ ports }: RawRule): { readonly ports?: Ports } {
  return ports[0] === 50_001 && ports[1] === 65_535 ? {} : portsOf(ports);
}

function portsOf([first, last]: readonly [number, number]): { readonly ports?: Ports } {
  if (first === 0) return {};
  return { ports: last === 0 || last === first ? { first } : { first, last } };
}

function protocolOf({ constants: c }: Bindings, number: number): Protocol | undefined | 'other' {
  switch (number) {
    case 0:
      return undefined;
    case c.IPPROTO_TCP:
      return 'tcp';
    case c.IPPROTO_UDP:
      return 'udp';
    case c.IPPROTO_SCTP:
      return 'sctp';
    case c.IPPROTO_ICMP:
      return 'icmp';
    case c.IPPROTO_ICMPV6:
      return 'icmp6';
    default:
      return 'other';
  }
}

function readEnd(bindings: Bindings, end: RawEnd, family: Family | undefined): RuleEnd | undefined | 'other' {
  const { PF_OP_EQ, PF_OP_NONE, PF_OP_RRG } = bindings.constants;
  const address = readAddress(bindings, end.address, family);
  if (address === 'other' || ![PF_OP_EQ, PF_OP_NONE, PF_OP_RRG].includes(end.operator)) return 'other';
  const [first, last] = end.ports;
  const ports = end.operator === PF_OP_NONE ? {} : portsOf([first, end.operator === PF_OP_EQ ? 0 : last]);
  const found = {
    ...(address === undefined ? {} : { address }),
    ...(end.not ? { not: true } : {}),
    ...ports,
  };
  return Object.keys(found).length === 0 ? undefined : found;
}

/** undefined for any address */
function readAddress(
  { constants: c }: Bindings,
  { type, address, mask, interface: name }: RawAddress,
  family: Family | undefined,
): RuleAddress | undefined | 'other' {
  if (type === c.PF_ADDR_DYNIFTL) return { interface: name };
  if (type !== c.PF_ADDR_ADDRMASK) return 'other';
  if (mask.every((byte) => byte === 0)) return undefined;
  if (family === undefined) return 'other';
  const size = family === 'inet' ? 4 : 16;
  const network = family === 'inet' ? formatIPv4(address.slice(0, size)) : formatIPv6(address);
  const prefix = prefixOf(mask.slice(0, size));
  return prefix === size * 8 ? { network } : { network, prefix };
}
