import { readText } from '../../src/kernel/layout.js';
import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import { findAnchor, findOrCreateAnchor, free, removeIfEmpty, unlink } from './pf-anchors.js';
import type { PacketFilter, PfAnchor, PfRuleset } from './pf-state.js';

/** pf_ioctl_maxcount: net.pf.request_maxcount. */
const maxCount = 65_535;

interface Element {
  readonly ruleset: number;
  readonly anchor: string;
  readonly ticket: number;
  readonly address: bigint;
}

function elements({ memory, system }: CallContext, data: bigint): Element[] {
  const { pfioc_trans, pfioc_trans_e } = system.bindings.layouts;
  const { size, esize, array } = memory.struct(data, pfioc_trans);
  if (esize !== pfioc_trans_e.size) fail('ENODEV');
  if (size < 0 || size > maxCount) fail('EINVAL');
  return Array.from({ length: size }, (_, index) => {
    const address = array + BigInt(index * pfioc_trans_e.size);
    const { rs_num: ruleset, anchor, ticket } = memory.struct(address, pfioc_trans_e);
    return { ruleset, anchor: readText(anchor.subarray(0, -1)), ticket, address };
  });
}

/** DIOCXBEGIN: one after the other. What was begun before one that fails stays so. */
export function begin(context: CallContext, filter: PacketFilter, data: bigint): number {
  const { memory, system } = context;
  const { layouts } = system.bindings;
  const all = elements(context, data);
  const tickets = all.map(({ ruleset, anchor }) => beginOne(context, filter, ruleset, anchor));
  all.forEach(({ address }, index) => {
    memory.setFields(address, layouts.pfioc_trans_e, { ticket: tickets[index] ?? fail('EINVAL') });
  });
  return 0;
}

function beginOne({ system }: CallContext, filter: PacketFilter, number: number, path: string): number {
  const { bindings } = system;
  requireKind(bindings.constants, number);
  const anchor = findOrCreateAnchor(filter, path, bindings);
  if (number === bindings.constants.PF_RULESET_TABLE) {
    anchor.tablesOpen = true;
    anchor.tablesTicket++;
    return anchor.tablesTicket;
  }
  const { inactive } = rulesetOf(anchor, number);
  drop(inactive);
  inactive.open = true;
  inactive.ticket++;
  return inactive.ticket;
}

/** 5 is that of queues, which need ALTQ in the kernel. */
function requireKind(
  { PF_RULESET_MAX, PF_RULESET_TABLE }: CallContext['system']['bindings']['constants'],
  number: number,
): void {
  if (number !== PF_RULESET_TABLE && (number < 0 || number >= PF_RULESET_MAX)) fail('EINVAL');
}

function drop(inactive: PfRuleset['inactive']): void {
  const { rules } = inactive;
  inactive.rules = [];
  for (const rule of rules) free(rule);
}

function rulesetOf(anchor: PfAnchor, number: number): PfRuleset {
  return anchor.rulesets[number] ?? fail('EINVAL');
}

/** DIOCXROLLBACK: it never fails, whatever the tickets are. */
export function rollBack(context: CallContext, filter: PacketFilter, data: bigint): number {
  const { constants: c } = context.system.bindings;
  for (const { ruleset, anchor: path, ticket } of elements(context, data)) {
    requireKind(c, ruleset);
    const anchor = findAnchor(filter, path);
    if (anchor === undefined) continue;
    if (ruleset === c.PF_RULESET_TABLE) {
      if (anchor.tablesTicket === ticket) anchor.tablesOpen = false;
      continue;
    }
    const { inactive } = rulesetOf(anchor, ruleset);
    if (!inactive.open || inactive.ticket !== ticket) continue;
    drop(inactive);
    inactive.open = false;
  }
  return 0;
}

/** DIOCXCOMMIT: all tickets are looked at before anything changes. */
export function commit(context: CallContext, filter: PacketFilter, data: bigint): number {
  const { constants: c } = context.system.bindings;
  const all = elements(context, data);
  for (const { ruleset, anchor: path, ticket } of all) {
    requireKind(c, ruleset);
    const anchor = findAnchor(filter, path) ?? fail('EBUSY');
    const { open, ticket: current } =
      ruleset === c.PF_RULESET_TABLE
        ? { open: anchor.tablesOpen, ticket: anchor.tablesTicket }
        : rulesetOf(anchor, ruleset).inactive;
    if (!open || current !== ticket) fail('EBUSY');
  }
  for (const { ruleset, anchor: path } of all) {
    const anchor = findAnchor(filter, path) ?? fail('EBUSY');
    if (ruleset === c.PF_RULESET_TABLE) anchor.tablesOpen = false;
    else activate(filter, rulesetOf(anchor, ruleset));
    removeIfEmpty(anchor);
  }
  return 0;
}

function activate(filter: PacketFilter, { active, inactive }: PfRuleset): void {
  const old = active.rules;
  active.rules = inactive.rules;
  active.ticket = inactive.ticket;
  inactive.rules = [];
  inactive.open = false;
  unlink(filter, old);
}
