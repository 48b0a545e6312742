import type { Node } from './file-tree.js';
import { fail } from './failure.js';
import { matchesPattern } from './fnmatch.js';
import type { System } from './system.js';

/** What rules act upon. */
export interface Ruled {
  /** Below the mount point. */
  readonly path: string;
  readonly node: Node;
  readonly isDisk: boolean;
  hidden: boolean;
  /** Somebody removed the name; a rule can bring it back. */
  deleted: boolean;
}

/** A rule as it was given, by the fields of struct devfs_rule. */
export interface Rule {
  readonly number: number;
  /** The structure itself, for those who read rules. */
  readonly bytes: Uint8Array;
  readonly conditions: number;
  readonly deviceFlags: number;
  readonly pattern: string;
  readonly actions: number;
  readonly visibility: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly include: number;
}

/** The rulesets. One is there as long as it has rules or something uses it. */
export class RulesetTable {
  readonly #sets = new Map<number, Rule[]>();

  rules(ruleset: number): readonly Rule[] {
    return this.#sets.get(ruleset) ?? [];
  }

  add(ruleset: number, rule: Rule): void {
    const rules = [...this.rules(ruleset), rule].sort((a, b) => a.number - b.number);
    this.#sets.set(ruleset, rules);
  }

  delete(ruleset: number, number: number): void {
    const rules = this.rules(ruleset).filter((rule) => rule.number !== number);
    if (rules.length === this.rules(ruleset).length) fail('ENOENT');
    if (rules.length === 0) this.#sets.delete(ruleset);
    else this.#sets.set(ruleset, rules);
  }

  /** Those that have rules, are used by a mounted devfs or included by a rule, by their numbers. */
  existing({ mounts, bindings }: System): number[] {
    const used = mounts.list.map(({ devfs }) => devfs?.ruleset ?? 0).filter((ruleset) => ruleset !== 0);
    const included = [...this.#sets.values()]
      .flat()
      .filter(({ actions }) => (actions & bindings.constants.DRA_INCSET) !== 0)
      .map(({ include }) => include);
    return [...new Set([...this.#sets.keys(), ...used, ...included])].sort((a, b) => a - b);
  }
}

/** Applies the rules of a set in their order. Includes within an included set are passed over. */
export function applyRuleset(system: System, ruleset: number, entry: Ruled, depth = 0): void {
  for (const rule of system.rulesets.rules(ruleset)) applyRule(system, rule, entry, depth);
}

export function applyRule(system: System, rule: Rule, entry: Ruled, depth = 0): void {
  const { constants: c } = system.bindings;
  if (!matches(system, rule, entry)) return;
  if ((rule.actions & c.DRA_BACTS) !== 0) {
    if ((rule.visibility & c.DRB_HIDE) !== 0) entry.hidden = true;
    if ((rule.visibility & c.DRB_UNHIDE) !== 0) entry.hidden = entry.deleted = false;
  }
  if ((rule.actions & c.DRA_UID) !== 0) entry.node.uid = rule.uid;
  if ((rule.actions & c.DRA_GID) !== 0) entry.node.gid = rule.gid;
  if ((rule.actions & c.DRA_MODE) !== 0) entry.node.mode = rule.mode & 0o7777;
  // vfs.devfs.rule_depth is 1.
  if ((rule.actions & c.DRA_INCSET) !== 0 && depth < 1) applyRuleset(system, rule.include, entry, depth + 1);
}

// D_DISK of sys/conf.h
const diskFlag = 2;

function matches({ bindings }: System, rule: Rule, entry: Ruled): boolean {
  const { constants: c } = bindings;
  if ((rule.conditions & c.DRC_DSWFLAGS) !== 0) {
    if (!entry.isDisk || (rule.deviceFlags & diskFlag) === 0) return false;
  }
  return (rule.conditions & c.DRC_PATHPTRN) === 0 || matchesPattern(rule.pattern, entry.path);
}
