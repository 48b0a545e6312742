import { randomBytes, randomInt } from 'node:crypto';
import { isKernelError } from '../../kernel/error.js';
import {
  addDevfsRule,
  deleteDevfsRule,
  nextDevfsRule,
  nextDevfsRuleset,
  type DevfsRule,
} from '../../kernel/freebsd/devfs-rules.js';
import type { BatchBuilder, ResultOf } from '../../kernel/freebsd/batch-builder.js';
import { openTemporarily } from '../../kernel/freebsd/file.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { RuntimeError } from '../../runtime/error.js';
import type { Journal } from '../../runtime/journal.js';

/** What the journal says of a ruleset that is about to be made. */
export interface RulesetDetail {
  readonly ruleset: number;
  /** The pattern of its first rule, which nothing matches: by it a ruleset is known to be this one. */
  readonly tag: string;
  /** How many rules it has; they are numbered from 1. */
  readonly rules: number;
}

/** The kind of such an entry. */
export const rulesetKind = 'devfs-ruleset';

// Administrators number theirs from 1 on.
const lowest = 10_000;
const highest = 59_999;
// With 1000 containers, two of a hundred numbers are taken.
const maxAttempts = 64;

/** A number to try for a ruleset. */
export type NumberSource = () => number;

const anyNumber: NumberSource = () => randomInt(lowest, highest + 1);

/**
 * Makes a ruleset for one container, under a number that nobody uses, and writes it down before. The kernel has no call that takes a free number;
 * adding the first rule is what decides between those who want the same one.
 *
 * @throws RuntimeError failed, if all numbers that were tried are taken; KernelError. What was made is in the journal.
 */
export async function makeRuleset(
  system: FreeBSD,
  rules: readonly DevfsRule[],
  journal: Journal,
  number = anyNumber,
): Promise<number> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const ruleset = number();
    if (await exists(system, ruleset)) continue;
    const tag = `containerd-shim-jail/${randomBytes(16).toString('hex')}`;
    const all = [{ pattern: tag, hide: true }, ...rules];
    const detail: RulesetDetail = { ruleset, tag, rules: all.length };
    const seq = journal.making(rulesetKind, detail);
    try {
      await run(system, (b) => {
        const dev = devices(b);
        return all.map((rule, index) => addDevfsRule(b, dev, ruleset, index + 1, rule));
      });
      return ruleset;
    } catch (error) {
      if (!isKernelError(error, 'EEXIST')) throw error;
      // Somebody has taken the number in this moment.
      await removeRuleset(system, detail);
      journal.unmade(seq);
    }
  }
  throw new RuntimeError('failed', `devfs rulesets: ${maxAttempts} numbers were tried, and all are taken`);
}

/** Removes a ruleset, if it is there and is the one that was meant. To be done once nothing is mounted with it. */
export async function removeRuleset(system: FreeBSD, { ruleset, tag, rules }: RulesetDetail): Promise<void> {
  const first = await run(system, (b) => b.attempt(() => nextDevfsRule(b, devices(b), ruleset, 0)));
  if (isKernelError(first, 'ENOENT')) return;
  if (isKernelError(first)) throw first;
  if (first.number !== 1 || first.pattern !== tag) return;
  // The first rule goes last: as long as it is there, it can be seen whose the ruleset is.
  const numbers = Array.from({ length: rules }, (_, index) => rules - index);
  try {
    await run(system, (b) => {
      const dev = devices(b);
      return numbers.map((rule) => deleteDevfsRule(b, dev, ruleset, rule));
    });
    return;
  } catch (error) {
    // Some are gone already, after a clean-up that was not finished.
    if (!isKernelError(error, 'ENOENT')) throw error;
  }
  const results = await run(system, (b) => {
    const dev = devices(b);
    return numbers.slice(0, -1).map((rule) => b.attempt(() => deleteDevfsRule(b, dev, ruleset, rule)));
  });
  const failure = results.find((result) => isKernelError(result) && result.code !== 'ENOENT');
  if (isKernelError(failure)) throw failure;
  await run(system, (b) => deleteDevfsRule(b, devices(b), ruleset, 1));
}

/** Whether there is a ruleset of this number: with rules, or in use by a mounted devfs. */
async function exists(system: FreeBSD, ruleset: number): Promise<boolean> {
  const next = await run(system, (b) => b.attempt(() => nextDevfsRuleset(b, devices(b), ruleset - 1)));
  if (isKernelError(next, 'ENOENT')) return false;
  if (isKernelError(next)) throw next;
  return next === ruleset;
}

/**
 * Sees to it that an administrator's ruleset has rules: one without them hides nothing, and mounting with it succeeds.
 *
 * @throws RuntimeError
 */
export async function requireRules(system: FreeBSD, ruleset: number): Promise<void> {
  const first = await run(system, (b) => b.attempt(() => nextDevfsRule(b, devices(b), ruleset, 0)));
  if (isKernelError(first, 'ENOENT')) {
    throw new RuntimeError(
      'precondition',
      `devfs ruleset ${ruleset} has no rules: it would show every device of the host`,
    );
  }
  if (isKernelError(first)) throw first;
}

/** Rulesets are reached through any mounted devfs. */
function devices(b: BatchBuilder): ResultOf {
  return openTemporarily(b, '/dev', { directory: true });
}
