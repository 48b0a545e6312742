import { checkAnchor, rulesetKinds, type RulesetKind } from './pf-anchor.js';
import { listRules } from './pf-rules.js';
import type { FreeBSD } from './run.js';

// The kernel asks the rules of an anchor only where a rule of the main ruleset calls it, once for each kind, and "x/*"
// calls the anchors directly below x but none below those. The main ruleset is the administrator's: loading it would
// replace all of it, so a missing call can only be told.

/** For which kinds of rules the main ruleset calls the anchors directly below one. */
export type AnchorCalls = Readonly<Record<RulesetKind, boolean>>;

/** Finds out for which kinds of rules the main ruleset calls the anchors directly below `parent`. */
export async function findAnchorCalls(system: FreeBSD, parent: string): Promise<AnchorCalls> {
  checkAnchor('anchor', parent, system.bindings);
  const calls = { nat: false, rdr: false, filter: false };
  for (const kind of rulesetKinds) {
    const rules = await listRules(system, '', kind);
    calls[kind] = rules.some(({ anchorCall }) => anchorCall.replace(/^\/+/, '') === `${parent}/*`);
  }
  return calls;
}

const words: Readonly<Record<RulesetKind, string>> = {
  nat: 'nat-anchor',
  rdr: 'rdr-anchor',
  filter: 'anchor',
};

/** The lines that pf.conf(5) lacks, in the order in which they have to stand there. */
export function missingCalls(
  parent: string,
  calls: AnchorCalls,
  kinds: readonly RulesetKind[] = rulesetKinds,
): string[] {
  const missing = rulesetKinds.filter((kind) => kinds.includes(kind) && !calls[kind]);
  return missing.map((kind) => `${words[kind]} "${parent}/*"`);
}

/**
 * What to tell the administrator, in one line, if the main ruleset lacks calls; undefined if it lacks none.
 *
 * @param kinds those that are needed; all by default
 */
export function missingCallsMessage(
  parent: string,
  calls: AnchorCalls,
  kinds: readonly RulesetKind[] = rulesetKinds,
): string | undefined {
  const missing = rulesetKinds.filter((kind) => kinds.includes(kind) && !calls[kind]);
  if (missing.length === 0) return undefined;
  const lines = missingCalls(parent, calls, kinds).map((line) => `'${line}'`);
  const list = [...lines.slice(0, -2), lines.slice(-2).join(' and ')].join(', ');
  const order = missing.some((kind) => kind !== 'filter') ? ', translation before filter rules,' : '';
  return (
    `packet filter: no rule of the main ruleset calls the anchors below "${parent}", so theirs have no effect: ` +
    `add ${list} to /etc/pf.conf${order} and load it with 'pfctl -f /etc/pf.conf'`
  );
}
