import { isKernelError } from '../error.js';
import { readStruct, readText } from '../layout.js';
import type { Bindings } from '../bindings/types.js';
import { checkWord } from './check.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { anchorObject, checkAnchor, type RulesetKind } from './pf-anchor.js';
import {
  control,
  controlByList,
  listIn,
  numberIn,
  openPacketFilter,
  textIn,
  type PacketFilter,
} from './pf-device.js';
import { run, type FreeBSD } from './run.js';

/** A rule as the kernel has it. */
export interface LoadedRule {
  /** PF_PASS, PF_NAT and so on. */
  readonly action: number;
  readonly label: string;
  readonly interface: string;
  /** The anchor whose rules are asked here, as pf.conf(5) writes it, relative to this one; '' for none. */
  readonly anchorCall: string;
}

/** How many active rules a ruleset has, and the ticket to read them by: DIOCGETRULES. EINVAL if there is no such anchor. */
export function countRules(
  b: BatchBuilder,
  pf: PacketFilter,
  anchor: string,
  kind: RulesetKind,
): Step<{ readonly count: number; readonly ticket: number }> {
  const { constants: c, layouts } = b.bindings;
  const at = ruleRequest(b, anchor, kind, {});
  return {
    value: control(b, pf, c.DIOCGETRULES, at, `${anchorObject(anchor)}: DIOCGETRULES of ${kind}`),
    decode: ({ arena }) => {
      const { nr, ticket } = readStruct(arena, at, layouts.pfioc_rule);
      return { count: nr, ticket };
    },
  };
}

/** So many rules are asked for at a time. */
const chunk = 64;

/** How often to begin again when rules are replaced while they are read. */
const attempts = 16;

/**
 * The active rules of an anchor, or of the main ruleset for '', in their order: DIOCGETRULE, and from 15 on DIOCGETRULENV.
 *
 * @throws KernelError EINVAL if there is no such anchor, EBUSY if its rules are replaced all the time
 */
export async function listRules(system: FreeBSD, anchor: string, kind: RulesetKind): Promise<LoadedRule[]> {
  for (let left = attempts - 1; ; left--) {
    try {
      return await readOnce(system, anchor, kind);
    } catch (error) {
      if (!isKernelError(error, 'EBUSY') || left === 0) throw error;
    }
  }
}

async function readOnce(system: FreeBSD, anchor: string, kind: RulesetKind): Promise<LoadedRule[]> {
  const { count, ticket } = await run(system, (b) => countRules(b, openPacketFilter(b), anchor, kind));
  const rules: LoadedRule[] = [];
  while (rules.length < count) {
    const part = await run(system, (b) => {
      const pf = openPacketFilter(b);
      const length = Math.min(chunk, count - rules.length);
      return Array.from({ length }, (_, index) => {
        return readRule(b, pf, { anchor, kind, ticket, number: rules.length + index });
      });
    });
    rules.push(...part);
  }
  return rules;
}

interface RuleKey {
  readonly anchor: string;
  readonly kind: RulesetKind;
  readonly ticket: number;
  readonly number: number;
}

/** One rule. EBUSY if the ruleset has been replaced or has fewer rules. */
function readRule(b: BatchBuilder, pf: PacketFilter, key: RuleKey): Step<LoadedRule> {
  const { constants: c, layouts } = b.bindings;
  const { anchor, kind, ticket, number } = key;
  if (c.DIOCGETRULE === undefined) return readRuleByList(b, pf, key);
  const at = ruleRequest(b, anchor, kind, { ticket, nr: number });
  const object = `${anchorObject(anchor)}: DIOCGETRULE ${number} of ${kind}`;
  return {
    value: control(b, pf, c.DIOCGETRULE, at, object),
    decode: ({ arena }) => {
      const answer = readStruct(arena, at, layouts.pfioc_rule);
      const rule = readStruct(arena, at + layouts.pfioc_rule.fields.rule.offset, layouts.pf_rule);
      return {
        action: rule.action,
        label: readText(rule.label),
        interface: readText(rule.ifname),
        anchorCall: readText(answer.anchor_call),
      };
    },
  };
}

function readRuleByList(b: BatchBuilder, pf: PacketFilter, key: RuleKey): Step<LoadedRule> {
  const { anchor, kind, ticket, number } = key;
  const ruleset = actionFor(b.bindings, kind);
  const object = `${anchorObject(anchor)}: DIOCGETRULENV ${number} of ${kind}`;
  const step = controlByList(b, pf, 'DIOCGETRULENV', { anchor, ruleset, ticket, nr: number }, object);
  return {
    value: step.value,
    decode: (outcome) => {
      const answer = step.decode(outcome);
      const rule = listIn(answer, 'rule');
      return {
        action: numberIn(rule, 'action'),
        label: textIn(rule, 'label'),
        interface: textIn(rule, 'ifname'),
        anchorCall: textIn(answer, 'anchor_call'),
      };
    },
  };
}

function ruleRequest(
  b: BatchBuilder,
  anchor: string,
  kind: RulesetKind,
  fields: { readonly ticket?: number; readonly nr?: number },
): number {
  const { pfioc_rule, pf_rule } = b.bindings.layouts;
  if (anchor !== '') checkAnchor('anchor', anchor, b.bindings);
  const at = b.arena.struct(pfioc_rule, { anchor, ...fields });
  b.arena.writeStruct(at + pfioc_rule.fields.rule.offset, pf_rule, { action: actionFor(b.bindings, kind) });
  return at;
}

/** Requests name a ruleset by an action that belongs into it. */
function actionFor({ constants: c }: Bindings, kind: RulesetKind): number {
  return checkWord('kind of rules', kind, { nat: c.PF_NAT, rdr: c.PF_RDR, filter: c.PF_PASS });
}
