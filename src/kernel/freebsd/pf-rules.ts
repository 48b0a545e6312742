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
import { addressOfStruct, ruleOfList, ruleOfStruct, type RawAddress, type RawRule } from './pf-raw-rule.js';
import type { NvList } from './nvlist.js';
import { run, type FreeBSD } from './run.js';

/** What is asked of rules by those who need not know all of them. */
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
  return listBy(system, anchor, kind, (b, pf, key) => readAnswer(b, pf, key, loadedRule));
}

/** As `listRules`, with all that rules of ours say, and the first address of their pools: DIOCGETADDR. */
export async function listRawRules(system: FreeBSD, anchor: string, kind: RulesetKind): Promise<RawRule[]> {
  return listBy(system, anchor, kind, (b, pf, key) => {
    const target = readTarget(b, pf, key);
    const rule = readAnswer(b, pf, key, rawRule);
    return {
      value: rule.value,
      decode: (outcome) => ({ ...rule.decode(outcome), target: target.decode(outcome) }),
    };
  });
}

type ReadRule<T> = (b: BatchBuilder, pf: PacketFilter, key: RuleKey) => Step<T>;

async function listBy<T>(
  system: FreeBSD,
  anchor: string,
  kind: RulesetKind,
  read: ReadRule<T>,
): Promise<T[]> {
  for (let left = attempts - 1; ; left--) {
    try {
      return await readOnce(system, anchor, kind, read);
    } catch (error) {
      if (!isKernelError(error, 'EBUSY') || left === 0) throw error;
    }
  }
}

async function readOnce<T>(
  system: FreeBSD,
  anchor: string,
  kind: RulesetKind,
  read: ReadRule<T>,
): Promise<T[]> {
  const { count, ticket } = await run(system, (b) => countRules(b, openPacketFilter(b), anchor, kind));
  const rules: T[] = [];
  while (rules.length < count) {
    const part = await run(system, (b) => {
      const pf = openPacketFilter(b);
      const length = Math.min(chunk, count - rules.length);
      return Array.from({ length }, (_, index) => {
        return read(b, pf, { anchor, kind, ticket, number: rules.length + index });
      });
    });
    rules.push(...part);
  }
  return rules;
}

/** A rule in one of the two forms that kernels tell it in, with the anchor that it calls. */
type RuleAnswer =
  | { readonly anchorCall: string; readonly arena: Uint8Array; readonly at: number }
  | { readonly anchorCall: string; readonly list: NvList };

function loadedRule({ layouts }: Bindings, answer: RuleAnswer): LoadedRule {
  const { anchorCall } = answer;
  if ('list' in answer) {
    const { list } = answer;
    return {
      action: numberIn(list, 'action'),
      label: textIn(list, 'label'),
      interface: textIn(list, 'ifname'),
      anchorCall,
    };
  }
  const { action, label, ifname } = readStruct(answer.arena, answer.at, layouts.pf_rule);
  return { action, label: readText(label), interface: readText(ifname), anchorCall };
}

function rawRule(bindings: Bindings, answer: RuleAnswer): Omit<RawRule, 'target'> {
  const { anchorCall } = answer;
  return 'list' in answer
    ? { ...ruleOfList(bindings, answer.list), anchorCall }
    : { ...ruleOfStruct(bindings, answer.arena, answer.at), anchorCall };
}

interface RuleKey {
  readonly anchor: string;
  readonly kind: RulesetKind;
  readonly ticket: number;
  readonly number: number;
}

/** One rule. EBUSY if the ruleset has been replaced or has fewer rules. */
function readAnswer<T>(
  b: BatchBuilder,
  pf: PacketFilter,
  { anchor, kind, ticket, number }: RuleKey,
  decodeRule: (bindings: Bindings, answer: RuleAnswer) => T,
): Step<T> {
  const { bindings } = b;
  const { constants: c, layouts } = bindings;
  if (c.DIOCGETRULE === undefined) {
    const ruleset = actionFor(bindings, kind);
    const object = `${anchorObject(anchor)}: DIOCGETRULENV ${number} of ${kind}`;
    const step = controlByList(b, pf, 'DIOCGETRULENV', { anchor, ruleset, ticket, nr: number }, object);
    return {
      value: step.value,
      decode: (outcome) => {
        const answer = step.decode(outcome);
        const anchorCall = textIn(answer, 'anchor_call');
        return decodeRule(bindings, { list: listIn(answer, 'rule'), anchorCall });
      },
    };
  }
  const at = ruleRequest(b, anchor, kind, { ticket, nr: number });
  const object = `${anchorObject(anchor)}: DIOCGETRULE ${number} of ${kind}`;
  return {
    value: control(b, pf, c.DIOCGETRULE, at, object),
    decode: ({ arena }) => {
      const anchorCall = readText(readStruct(arena, at, layouts.pfioc_rule).anchor_call);
      return decodeRule(bindings, { arena, at: at + layouts.pfioc_rule.fields.rule.offset, anchorCall });
    },
  };
}

/** The first address of a rule's pool: DIOCGETADDR. Undefined if it has none, as filter rules have not. */
function readTarget(
  b: BatchBuilder,
  pf: PacketFilter,
  { anchor, kind, ticket, number }: RuleKey,
): Step<RawAddress | undefined> {
  const { constants: c, layouts } = b.bindings;
  const { pfioc_pooladdr, pf_pooladdr } = layouts;
  const r_action = actionFor(b.bindings, kind);
  const at = b.arena.struct(pfioc_pooladdr, { anchor, ticket, r_num: number, r_action });
  const object = `${anchorObject(anchor)}: DIOCGETADDR of rule ${number} of ${kind}`;
  const asked = b.attempt(() => {
    return { value: control(b, pf, c.DIOCGETADDR, at, object), decode: () => undefined };
  });
  return {
    value: asked.value,
    decode: (outcome) => {
      const failed = asked.decode(outcome);
      // EBUSY: none of this number, or other rules by now, which the rule itself tells.
      if (isKernelError(failed)) {
        if (failed.code === 'EBUSY') return undefined;
        throw failed;
      }
      const wrap = at + pfioc_pooladdr.fields.addr.offset + pf_pooladdr.fields.addr.offset;
      return addressOfStruct(b.bindings, outcome.arena, wrap);
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
