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
