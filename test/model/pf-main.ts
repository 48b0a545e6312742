import { readStruct } from '../../src/kernel/layout.js';
import type { RulesetKind } from '../../src/kernel/freebsd/pf-anchor.js';
import { rulesetKinds, rulesetNumber } from '../../src/kernel/freebsd/pf-anchor.js';
import { setUpCall } from './pf-anchors.js';
import type { System } from './system.js';

/**
 * Has the main ruleset of the host call an anchor, as pf.conf(5) of an administrator does:
 * `callAnchor(system, 'x/*')` is nat-anchor "x/*", rdr-anchor "x/*" and anchor "x/*".
 */
export function callAnchor(
  { bindings, network }: System,
  call: string,
  kinds: readonly RulesetKind[] = rulesetKinds,
): void {
  const { constants: c, layouts } = bindings;
  const { filter } = network.host;
  for (const kind of kinds) {
    const bytes = new Uint8Array(layouts.pf_rule.size);
    bytes[layouts.pf_rule.fields.action.offset] = { nat: c.PF_NAT, rdr: c.PF_RDR, filter: c.PF_PASS }[kind];
    const fields = readStruct(bytes, 0, layouts.pf_rule);
    const ruleset = filter.main.rulesets[rulesetNumber(bindings, kind)];
    ruleset?.active.rules.push({
      bytes,
      fields,
      call: setUpCall(filter, filter.main, call, bindings),
      pool: [],
    });
  }
}

/** Adds a filter rule that blocks everything to the main ruleset: before all that is there, or behind it. */
export function blockAll({ bindings, network }: System, where: 'first' | 'last', quick = false): void {
  const { constants: c, layouts } = bindings;
  const bytes = new Uint8Array(layouts.pf_rule.size);
  bytes[layouts.pf_rule.fields.action.offset] = c.PF_DROP;
  bytes[layouts.pf_rule.fields.quick.offset] = quick ? 1 : 0;
  const rule = { bytes, fields: readStruct(bytes, 0, layouts.pf_rule), call: undefined, pool: [] };
  const rules = network.host.filter.main.rulesets[rulesetNumber(bindings, 'filter')]?.active.rules;
  if (where === 'first') rules?.unshift(rule);
  else rules?.push(rule);
}
