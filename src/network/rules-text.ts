import { isIPv4 } from 'node:net';
import type { Ports, RuleAddress, RuleEnd } from '../kernel/freebsd/pf-address.js';
import type { Rulesets } from '../kernel/freebsd/pf-load.js';
import type { FilterRule, NatRule, RdrRule, Rule } from '../kernel/freebsd/pf-rule.js';

/** The rules of an anchor as pf.conf(5) has them, so that an administrator can read what was loaded: a line each. */
export function rulesText({ nat = [], rdr = [], filter = [] }: Rulesets): string {
  return [...nat, ...rdr, ...filter].map((rule) => `${ruleText(rule)}\n`).join('');
}

/** What stands in the place of a rule that says more than ours do. */
export const foreignRule = '# a rule that is not one of containerd-shim-jail';

/** One rule as a line of pf.conf(5), without its end. */
export function ruleText(rule: Rule): string {
  switch (rule.kind) {
    case 'nat':
      return words(rule.to === undefined ? 'no nat' : 'nat', ...matchWords(rule), ...target(rule));
    case 'rdr':
      return words(
        rule.to === undefined ? 'no rdr' : 'rdr',
        rule.pass === true && 'pass',
        ...matchWords(rule),
        ...target(rule),
      );
    case 'filter':
      return words(
        rule.action,
        rule.direction,
        rule.quick === true && 'quick',
        ...matchWords(rule),
        rule.label !== undefined && `label ${JSON.stringify(rule.label)}`,
      );
  }
}

function matchWords(rule: FilterRule | NatRule | RdrRule): Words {
  const { interface: name, family, protocol, source, destination } = rule;
  const ends =
    source === undefined && destination === undefined
      ? ['all']
      : [end('from', source), end('to', destination)];
  return [
    name !== undefined && `on ${name}`,
    family,
    protocol !== undefined && `proto ${protocol === 'icmp6' ? 'ipv6-icmp' : protocol}`,
    ...ends,
  ];
}

function end(word: string, { address, not = false, ports }: RuleEnd = {}): string {
  const what = address === undefined ? 'any' : `${not ? '! ' : ''}${addressText(address)}`;
  return words(word, what, ports !== undefined && `port ${portsText(ports)}`);
}

function target({ to, ports }: NatRule | RdrRule): Words {
  if (to === undefined) return [];
  return ['->', addressText(to), ports !== undefined && `port ${portsText(ports)}`];
}

function addressText(address: RuleAddress): string {
  if ('interface' in address) return `(${address.interface}:0)`;
  const { network, prefix } = address;
  return prefix === undefined || prefix === (isIPv4(network) ? 32 : 128) ? network : `${network}/${prefix}`;
}

function portsText({ first, last = first }: Ports): string {
  return first === last ? String(first) : `${first}:${last}`;
}

type Words = readonly (string | false | undefined)[];

function words(...all: Words): string {
  return all.filter((word) => word !== undefined && word !== false).join(' ');
}
