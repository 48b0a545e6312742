import { readStruct } from '../layout.js';
import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { checkInteger } from './check.js';
import { familyNumber, writeAddress } from './pf-address.js';
import { anchorObject, checkAnchor, rulesetKinds, rulesetNumber, type RulesetKind } from './pf-anchor.js';
import { control, type PacketFilter } from './pf-device.js';
import type { Rule } from './pf-rule.js';
import { writeRule, type PoolAddress } from './pf-rule-writer.js';

// Rules are replaced as a whole: begin, which empties the inactive rulesets and gives a ticket for each; add rules by
// these tickets; commit, which swaps inactive and active. Whoever begins later takes the ticket away, and all that is
// done with it is EBUSY.

/** For each ruleset of an anchor, the number that a transaction has of it. */
export type Tickets = Readonly<Record<RulesetKind, number>>;

/** Begins a transaction on all rulesets of an anchor: DIOCXBEGIN. The anchor is there from then on. */
export function beginRulesets(b: BatchBuilder, pf: PacketFilter, anchor: string): Step<Tickets> {
  const { elements, value } = transaction(b, pf, 'DIOCXBEGIN', anchor, { nat: 0, rdr: 0, filter: 0 });
  return {
    value,
    decode: ({ arena }) => {
      const { pfioc_trans_e } = b.bindings.layouts;
      const ticketOf = (index: number): number => {
        return readStruct(arena, elements + index * pfioc_trans_e.size, pfioc_trans_e).ticket;
      };
      return { nat: ticketOf(0), rdr: ticketOf(1), filter: ticketOf(2) };
    },
  };
}

/**
 * Makes what was added the rules of the anchor: DIOCXCOMMIT, all of it or nothing. An anchor without rules, anchors
 * below and calls of it is gone then. EBUSY if somebody else has begun.
 */
export function commitRulesets(
  b: BatchBuilder,
  pf: PacketFilter,
  anchor: string,
  tickets: Tickets,
): Step<void> {
  return { value: transaction(b, pf, 'DIOCXCOMMIT', anchor, tickets).value, decode: () => undefined };
}

/**
 * Drops what was added: DIOCXROLLBACK. It never fails; a ticket of somebody else's transaction is ignored. An anchor
 * that came with the beginning stays, empty.
 */
export function rollBackRulesets(
  b: BatchBuilder,
  pf: PacketFilter,
  anchor: string,
  tickets: Tickets,
): Step<void> {
  return { value: transaction(b, pf, 'DIOCXROLLBACK', anchor, tickets).value, decode: () => undefined };
}

function transaction(
  b: BatchBuilder,
  pf: PacketFilter,
  request: 'DIOCXBEGIN' | 'DIOCXCOMMIT' | 'DIOCXROLLBACK',
  anchor: string,
  tickets: Tickets,
): { readonly value: ResultOf; readonly elements: number } {
  const { constants, layouts } = b.bindings;
  const { pfioc_trans, pfioc_trans_e } = layouts;
  checkAnchor('anchor', anchor, b.bindings);
  const elements = b.arena.reserve(rulesetKinds.length * pfioc_trans_e.size);
  rulesetKinds.forEach((kind, index) => {
    b.arena.writeStruct(elements + index * pfioc_trans_e.size, pfioc_trans_e, {
      rs_num: rulesetNumber(b.bindings, kind),
      anchor,
      ticket: checkTicket(`ticket of ${kind}`, tickets[kind]),
    });
  });
  const at = b.arena.struct(pfioc_trans, {
    size: rulesetKinds.length,
    esize: pfioc_trans_e.size,
    array: elements,
  });
  const object = `${anchorObject(anchor)}: ${request}`;
  return { value: control(b, pf, constants[request], at, object), elements };
}

/**
 * Empties the buffer for the addresses of the next rule's pool and answers its ticket: DIOCBEGINADDRS. There is one
 * buffer for everybody; tickets count up.
 */
export function beginPool(b: BatchBuilder, pf: PacketFilter): Step<number> {
  const { constants: c, layouts } = b.bindings;
  const at = b.arena.struct(layouts.pfioc_pooladdr, {});
  return {
    value: control(b, pf, c.DIOCBEGINADDRS, at, 'packet filter: DIOCBEGINADDRS'),
    decode: ({ arena }) => readStruct(arena, at, layouts.pfioc_pooladdr).ticket,
  };
}

/** Where a rule is added. */
export interface RulePlace {
  readonly anchor: string;
  /** That of the ruleset of the rule's kind. */
  readonly ticket: number;
  /** The one that DIOCBEGINADDRS will give this rule: with each rule it goes up by one. */
  readonly poolTicket: number;
}

/**
 * Adds a rule to the end of an inactive ruleset: DIOCBEGINADDRS, DIOCADDADDR, DIOCADDRULE. EBUSY if one of the tickets
 * is not the current one, as somebody else has begun since; EEXIST, from 14 on, if the ruleset has the same rule.
 */
export function addRule(b: BatchBuilder, pf: PacketFilter, place: RulePlace, rule: Rule): Step<void> {
  const { constants: c, layouts } = b.bindings;
  const { pfioc_rule } = layouts;
  const anchor = checkAnchor('anchor', place.anchor, b.bindings);
  const at = b.arena.struct(pfioc_rule, {
    anchor,
    ticket: checkTicket('ticket', place.ticket),
    pool_ticket: checkTicket('pool ticket', place.poolTicket),
  });
  const pool = writeRule(b, at + pfioc_rule.fields.rule.offset, rule);
  beginPool(b, pf);
  if (pool !== undefined) addPoolAddress(b, pf, place, pool);
  const object = `${anchorObject(anchor)}: ${rule.kind} rule: DIOCADDRULE`;
  return { value: control(b, pf, c.DIOCADDRULE, at, object), decode: () => undefined };
}

function addPoolAddress(
  b: BatchBuilder,
  pf: PacketFilter,
  { anchor, poolTicket }: RulePlace,
  { family, address }: PoolAddress,
): void {
  const { constants: c, layouts } = b.bindings;
  const { pfioc_pooladdr, pf_pooladdr } = layouts;
  const at = b.arena.struct(pfioc_pooladdr, { ticket: poolTicket, af: familyNumber(b, family) });
  const wrap = at + pfioc_pooladdr.fields.addr.offset + pf_pooladdr.fields.addr.offset;
  writeAddress(b, wrap, 'target', address);
  control(b, pf, c.DIOCADDADDR, at, `${anchorObject(anchor)}: DIOCADDADDR`);
}

function checkTicket(what: string, ticket: number): number {
  return checkInteger(what, ticket, 0, 0xffff_ffff);
}
