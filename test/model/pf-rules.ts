import { readStruct, readText } from '../../src/kernel/layout.js';
import type { Bindings } from '../../src/kernel/bindings/types.js';
import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import { callText, findAnchor, setUpCall } from './pf-anchors.js';
import type { PacketFilter, PfAnchor, PfRule, PfRuleFields, PfRuleset } from './pf-state.js';

/** pf_get_ruleset_number(), or undefined for an action that belongs into none. */
export function rulesetNumber({ constants: c, release }: Bindings, action: number): number | undefined {
  switch (action) {
    case c.PF_SCRUB:
    case c.PF_NOSCRUB:
      return c.PF_RULESET_SCRUB;
    case c.PF_PASS:
    case c.PF_DROP:
      return c.PF_RULESET_FILTER;
    case c.PF_NAT:
    case c.PF_NONAT:
      return c.PF_RULESET_NAT;
    case c.PF_BINAT:
    case c.PF_NOBINAT:
      return c.PF_RULESET_BINAT;
    case c.PF_RDR:
    case c.PF_NORDR:
      return c.PF_RULESET_RDR;
    case 12: // PF_MATCH
      return release >= 14 ? c.PF_RULESET_FILTER : undefined;
    default:
      return undefined;
  }
}

/** The paths in a struct pfioc_rule end where the kernel cuts them. */
function pathIn(bytes: Uint8Array): string {
  return readText(bytes.subarray(0, -1));
}

function anchorAndRuleset(
  { system }: CallContext,
  filter: PacketFilter,
  path: string,
  action: number,
  missing = 'EINVAL',
): { anchor: PfAnchor; ruleset: PfRuleset } {
  const anchor = findAnchor(filter, path) ?? fail(missing);
  const ruleset = anchor.rulesets[rulesetNumber(system.bindings, action) ?? -1] ?? fail('EINVAL');
  return { anchor, ruleset };
}

/** DIOCADDRULE, with its checks in the order in which the kernel makes them. */
export function addRule(context: CallContext, filter: PacketFilter, data: bigint): number {
  const { memory, system } = context;
  const { bindings } = system;
  const { layouts, constants: c } = bindings;
  const request = memory.struct(data, layouts.pfioc_rule);
  const bytes = request.rule;
  const fields = readStruct(bytes, 0, layouts.pf_rule);
  checkEnds(bindings, bytes);
  const { anchor, ruleset } = anchorAndRuleset(context, filter, pathIn(request.anchor), fields.action);
  if (request.ticket !== ruleset.inactive.ticket) fail('EBUSY');
  if (request.pool_ticket !== filter.poolTicket) fail('EBUSY');
  // 12 adds rules to what was committed or rolled back, where nobody ever sees them.
  if (system.release >= 14 && !ruleset.inactive.open) fail('EINVAL');
  // net.fibs is 1.
  if (fields.rtableid > 0) fail('EBUSY');
  const call = setUpCall(filter, anchor, readText(request.anchor_call), bindings);
  // The pool is the rule's from here on, even if that fails.
  const { pool } = filter;
  filter.pool = [];
  const translates = [c.PF_NAT, c.PF_RDR, c.PF_BINAT].includes(fields.action);
  if (translates && call === undefined && pool.length === 0) fail('EINVAL');
  const rule: PfRule = { bytes, fields, call, pool };
  if (system.release >= 14 && ruleset.inactive.rules.some((other) => isSame(bindings, rule, other))) {
    fail('EEXIST');
  }
  ruleset.inactive.rules.push(rule);
  return 0;
}

/** The kernel's pointers in an address are no business of the caller; 14 looks at its type as well. */
function checkEnds({ layouts, release }: Bindings, bytes: Uint8Array): void {
  for (const field of [layouts.pf_rule.fields.src, layouts.pf_rule.fields.dst]) {
    const { p, type } = readStruct(bytes, field.offset, layouts.pf_addr_wrap);
    if (p.some((byte) => byte !== 0) || (release >= 14 && type > 6)) fail('EINVAL');
  }
}

/** pf_hash_rule() of 14: what makes two rules the same. Their pools do not count. */
function isSame({ layouts }: Bindings, a: PfRule, b: PfRule): boolean {
  const { fields } = layouts.pf_rule;
  const places = [
    fields.src,
    fields.dst,
    fields.label,
    fields.ifname,
    fields.match_tagname,
    fields.uid,
    fields.gid,
  ];
  const same = places.every(({ offset, size }) => {
    return (
      Buffer.compare(a.bytes.subarray(offset, offset + size), b.bytes.subarray(offset, offset + size)) === 0
    );
  });
  const names = [
    ...(['rule_flag', 'action', 'direction', 'af', 'quick', 'ifnot', 'match_tag_not', 'natpass'] as const),
    ...([
      'keep_state',
      'proto',
      'type',
      'code',
      'flags',
      'flagset',
      'allow_opts',
      'rt',
      'tos',
      'prob',
    ] as const),
  ] satisfies (keyof PfRuleFields)[];
  return (
    same && names.every((name) => a.fields[name] === b.fields[name]) && a.call?.anchor === b.call?.anchor
  );
}

/** DIOCGETRULES */
export function getRules(context: CallContext, filter: PacketFilter, data: bigint): number {
  const { memory, system } = context;
  const { ruleset } = requested(context, filter, data);
  memory.setFields(data, system.bindings.layouts.pfioc_rule, {
    nr: ruleset.active.rules.length,
    ticket: ruleset.active.ticket,
  });
  return 0;
}

/** DIOCGETRULE */
export function getRule(context: CallContext, filter: PacketFilter, data: bigint): number {
  const { memory, system } = context;
  const { pfioc_rule } = system.bindings.layouts;
  const { anchor, ruleset } = requested(context, filter, data);
  const { ticket, nr } = memory.struct(data, pfioc_rule);
  const rule = activeRule(ruleset, ticket, nr);
  memory.setFields(data, pfioc_rule, {
    rule: ruleBytes(system.bindings, rule, nr),
    anchor_call: Buffer.from(callText(anchor, rule.call)),
  });
  return 0;
}

function requested(
  context: CallContext,
  filter: PacketFilter,
  data: bigint,
): ReturnType<typeof anchorAndRuleset> {
  const { layouts } = context.system.bindings;
  const request = context.memory.struct(data, layouts.pfioc_rule);
  const { action } = readStruct(request.rule, 0, layouts.pf_rule);
  return anchorAndRuleset(context, filter, pathIn(request.anchor), action);
}

/** A rule by its number: EBUSY if the ticket is another one or there is none of that number. */
export function activeRule({ active }: PfRuleset, ticket: number, number: number): PfRule {
  if (ticket !== active.ticket) return fail('EBUSY');
  return active.rules[number] ?? fail('EBUSY');
}

/** The rule of a request by list: ENOENT if there is no such anchor. */
export function findRule(
  context: CallContext,
  filter: PacketFilter,
  key: { readonly anchor: string; readonly action: number; readonly ticket: number; readonly number: number },
): { readonly anchor: PfAnchor; readonly rule: PfRule } {
  const { anchor, ruleset } = anchorAndRuleset(context, filter, key.anchor, key.action, 'ENOENT');
  return { anchor, rule: activeRule(ruleset, key.ticket, key.number) };
}

/** A rule as the kernel gives it back: with its number. */
function ruleBytes({ layouts }: Bindings, rule: PfRule, number: number): Uint8Array {
  const bytes = rule.bytes.slice();
  new DataView(bytes.buffer).setUint32(layouts.pf_rule.fields.nr.offset, number, true);
  return bytes;
}
