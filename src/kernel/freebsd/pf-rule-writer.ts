import type { BatchBuilder } from './batch-builder.js';
import { checkInterfaceName, checkNonEmpty, checkWord } from './check.js';
import {
  checkPorts,
  familyNumber,
  familyOf,
  writeRuleEnd,
  type Family,
  type Ports,
  type RuleAddress,
} from './pf-address.js';
import type { FilterRule, NatRule, Protocol, RdrRule, Rule } from './pf-rule.js';

/** Where a translation leads: what DIOCADDADDR is to be told before the rule is added. */
export interface PoolAddress {
  readonly family: Family;
  readonly address: RuleAddress;
}

/** The ports that pf.conf(5) names for nat without a range. */
const natPorts: Ports = { first: 50_001, last: 65_535 };

/**
 * Writes a struct pf_rule whose place is zero.
 *
 * @returns what its pool needs, if it has one
 * @throws RangeError that names the field which makes no sense
 */
export function writeRule(b: BatchBuilder, at: number, rule: Rule): PoolAddress | undefined {
  const { constants: c, layouts } = b.bindings;
  const { fields } = layouts.pf_rule;
  checkWord('kind of rule', rule.kind, { filter: true, nat: true, rdr: true });
  const family = ruleFamily(rule);
  checkProtocol(rule, family);
  const { source = {}, destination = {}, label } = rule;
  writeRuleEnd(b, at + fields.src.offset, `${rule.kind} rule: source`, source);
  writeRuleEnd(b, at + fields.dst.offset, `${rule.kind} rule: destination`, destination);
  b.arena.writeStruct(at, layouts.pf_rule, {
    action: actionOf(b, rule),
    af: familyNumber(b, family),
    proto: protocolNumber(b, rule.protocol),
    // No other routing table; 0 would be the first one.
    rtableid: -1,
    ...(label === undefined
      ? {}
      : { label: checkNonEmpty(`${rule.kind} rule: label`, label, c.PF_RULE_LABEL_SIZE) }),
    ...(rule.interface === undefined
      ? {}
      : { ifname: checkInterfaceName(`${rule.kind} rule: interface`, rule.interface, c.IFNAMSIZ) }),
  });
  if (rule.kind === 'filter') writeFilter(b, at, rule);
  if (rule.kind === 'filter' || rule.to === undefined) return undefined;
  return writePool(b, at, rule, rule.to, family);
}

function actionOf(b: BatchBuilder, rule: Rule): number {
  const c = b.bindings.constants;
  switch (rule.kind) {
    case 'filter':
      return checkWord('action', rule.action, { pass: c.PF_PASS, block: c.PF_DROP });
    case 'nat':
      return rule.to === undefined ? c.PF_NONAT : c.PF_NAT;
    case 'rdr':
      return rule.to === undefined ? c.PF_NORDR : c.PF_RDR;
  }
}

/** A rule that lets packets pass keeps states, and makes them of connections that begin: pf.conf(5). */
function writeFilter(
  b: BatchBuilder,
  at: number,
  { action, direction, protocol, quick = false }: FilterRule,
): void {
  const { constants: c, layouts } = b.bindings;
  const keeps = action === 'pass';
  const ofTcp = keeps && (protocol === undefined || protocol === 'tcp');
  b.arena.writeStruct(at, layouts.pf_rule, {
    direction: direction === undefined ? c.PF_INOUT : { in: c.PF_IN, out: c.PF_OUT }[direction],
    quick: quick ? 1 : 0,
    keep_state: keeps ? c.PF_STATE_NORMAL : 0,
    flags: ofTcp ? c.TH_SYN : 0,
    flagset: ofTcp ? c.TH_SYN | c.TH_ACK : 0,
  });
}

function writePool(
  b: BatchBuilder,
  at: number,
  rule: NatRule | RdrRule,
  to: RuleAddress,
  family: Family | undefined,
): PoolAddress {
  const { constants: c, layouts } = b.bindings;
  const what = `${rule.kind} rule: target`;
  if (family === undefined) throw new RangeError(`${what}: its family is not known`);
  const isHost = 'interface' in to || to.prefix === undefined || to.prefix === (family === 'inet' ? 32 : 128);
  if (!isHost) throw new RangeError(`${what}: ${to.network}/${to.prefix ?? ''} is not one host`);
  const ports = rule.kind === 'nat' ? (rule.ports ?? natPorts) : redirectedPorts(rule);
  const proxy = new Uint8Array(4);
  const view = new DataView(proxy.buffer);
  if (ports !== undefined) {
    const { first, last } = checkPorts(`${what}: port`, ports);
    // In the order of the host, unlike the ports of the ends.
    view.setUint16(0, first, true);
    view.setUint16(2, last, true);
  }
  // A group of interfaces may have several addresses, of which the kernel takes none without being told how.
  const many = 'interface' in to && !/\d$/.test(to.interface);
  b.arena.writeStruct(at, layouts.pf_rule, { natpass: rule.kind === 'rdr' && rule.pass === true ? 1 : 0 });
  b.arena.writeStruct(at + layouts.pf_rule.fields.rpool.offset, layouts.pf_pool, {
    proxy_port: proxy,
    opts: many ? c.PF_POOL_ROUNDROBIN : c.PF_POOL_NONE,
  });
  return { family, address: to };
}

/** The kernel counts on from the first port of a range, and turns over at its end. */
function redirectedPorts({ ports, destination }: RdrRule): Ports | undefined {
  if (ports === undefined) return undefined;
  if (destination?.ports === undefined)
    throw new RangeError('rdr rule: target: port: the destination has none');
  const matched = checkPorts('rdr rule: destination: port', destination.ports);
  const target = checkPorts('rdr rule: target: port', ports);
  const [wanted, given] = [matched.last - matched.first + 1, target.last - target.first + 1];
  if (given !== 1 && given !== wanted) {
    throw new RangeError(`rdr rule: target: port: ${given} ports for ${wanted}`);
  }
  return ports;
}

function ruleFamily(rule: Rule): Family | undefined {
  const target = rule.kind === 'filter' ? undefined : rule.to;
  const said: readonly [string, Family | undefined][] = [
    ['family', rule.family],
    ['source', familyOf(`${rule.kind} rule: source`, rule.source?.address)],
    ['destination', familyOf(`${rule.kind} rule: destination`, rule.destination?.address)],
    ['target', familyOf(`${rule.kind} rule: target`, target)],
  ];
  const [first, ...others] = said.filter(([, family]) => family !== undefined);
  for (const [name, family] of others) {
    if (family === first?.[1]) continue;
    throw new RangeError(
      `${rule.kind} rule: ${name} is ${family ?? ''}, ${first?.[0] ?? ''} ${first?.[1] ?? ''}`,
    );
  }
  return first?.[1];
}

function checkProtocol(rule: Rule, family: Family | undefined): void {
  const { kind, protocol, source, destination } = rule;
  const withPorts = protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp';
  if (!withPorts && (source?.ports ?? destination?.ports) !== undefined) {
    throw new RangeError(`${kind} rule: ports without a protocol that has ports`);
  }
  const wrong = protocol === 'icmp' ? 'inet6' : protocol === 'icmp6' ? 'inet' : undefined;
  if (wrong !== undefined && family === wrong)
    throw new RangeError(`${kind} rule: ${protocol ?? ''} is not ${family}`);
}

/** IPPROTO_*, or 0 for any. */
export function protocolNumber(b: BatchBuilder, protocol: Protocol | undefined): number {
  const c = b.bindings.constants;
  if (protocol === undefined) return 0;
  return checkWord('protocol', protocol, {
    tcp: c.IPPROTO_TCP,
    udp: c.IPPROTO_UDP,
    sctp: c.IPPROTO_SCTP,
    icmp: c.IPPROTO_ICMP,
    icmp6: c.IPPROTO_ICMPV6,
  });
}
