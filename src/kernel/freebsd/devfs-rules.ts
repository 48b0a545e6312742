import { readStruct, readText } from '../layout.js';
import { isKernelError } from '../error.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkId, checkInteger, checkNonEmpty } from './check.js';
import type { Directory } from './file.js';
import { run, type FreeBSD } from './run.js';

// All calls act on the devfs that `directory` is the root of, and need root on the host. Nothing in a rule but its
// magic and its include is validated by the kernel.

/** A rule of devfs(8). It matches the devices of its pattern, or all of them without one. */
export interface DevfsRule {
  /** A path below the mount point as in fnmatch(3), without a leading slash, such as "pts/*". */
  readonly pattern?: string;
  readonly hide?: boolean;
  readonly unhide?: boolean;
  readonly uid?: number;
  readonly gid?: number;
  /** 12 bits. */
  readonly mode?: number;
  /** Applies another ruleset. Includes within that one are silently ignored. */
  readonly include?: number;
}

/**
 * Adds a rule to a ruleset; rules apply in the order of their numbers. EEXIST if the number is taken.
 *
 * @param number 1 to 65535; the kernel would choose for 0, but not say what
 */
export function addDevfsRule(
  b: BatchBuilder,
  directory: Directory,
  ruleset: number,
  number: number,
  rule: DevfsRule,
): Step<void> {
  const { arena, bindings } = b;
  const object = `devfs rule ${ruleset}:${number}`;
  const at = arena.struct(bindings.layouts.devfs_rule, encodeRule(b, ruleset, number, rule));
  const value = b.call('ioctl', [directory, bindings.constants.DEVFSIO_RADD, { arena: at }], { object });
  return { value, decode: () => undefined };
}

function encodeRule(b: BatchBuilder, ruleset: number, number: number, rule: DevfsRule) {
  const c = b.bindings.constants;
  const { pattern, hide = false, unhide = false, uid, gid, mode, include } = rule;
  if (hide && unhide) throw new RangeError('devfs rule: hides and unhides');
  const actions: [wanted: boolean, bit: number][] = [
    [hide || unhide, c.DRA_BACTS],
    [uid !== undefined, c.DRA_UID],
    [gid !== undefined, c.DRA_GID],
    [mode !== undefined, c.DRA_MODE],
    [include !== undefined, c.DRA_INCSET],
  ];
  const iacts = actions.reduce((sum, [wanted, bit]) => (wanted ? sum | bit : sum), 0);
  if (iacts === 0) throw new RangeError('devfs rule: does nothing');
  return {
    dr_magic: c.DEVFS_MAGIC,
    dr_id: ruleId(ruleset, number),
    dr_iacts: iacts,
    dr_bacts: hide ? c.DRB_HIDE : unhide ? c.DRB_UNHIDE : 0,
    ...(pattern === undefined ? {} : { dr_icond: c.DRC_PATHPTRN, dr_pathptrn: checkPattern(b, pattern) }),
    ...(uid === undefined ? {} : { dr_uid: checkId('devfs rule uid', uid) }),
    ...(gid === undefined ? {} : { dr_gid: checkId('devfs rule gid', gid) }),
    ...(mode === undefined ? {} : { dr_mode: checkInteger('devfs rule mode', mode, 0, 0o7777) }),
    ...(include === undefined ? {} : { dr_incset: checkRuleset(include) }),
  };
}

function checkPattern(b: BatchBuilder, pattern: string): string {
  checkNonEmpty('devfs rule pattern', pattern, b.bindings.constants.DEVFS_MAXPTRNLEN);
  if (pattern.startsWith('/')) throw new RangeError(`devfs rule pattern: '${pattern}' begins with a slash`);
  return pattern;
}

function checkRuleset(ruleset: number): number {
  return checkInteger('devfs ruleset', ruleset, 1, 65535);
}

function ruleId(ruleset: number, number: number): number {
  return checkRuleset(ruleset) * 65536 + checkInteger('devfs rule', number, 1, 65535);
}

/** Removes a rule; a ruleset without rules that nothing uses is gone. ENOENT if there is none. */
export function deleteDevfsRule(
  b: BatchBuilder,
  directory: Directory,
  ruleset: number,
  number: number,
): Step<void> {
  const at = b.arena.scalar('u32', ruleId(ruleset, number), 'devfs rule');
  return control(b, directory, b.bindings.constants.DEVFSIO_RDEL, at, `devfs rule ${ruleset}:${number}`);
}

/** Has a mounted devfs use a ruleset for devices that come later. 0 takes it away. It need not exist. */
export function useDevfsRuleset(b: BatchBuilder, directory: Directory, ruleset: number): Step<void> {
  const at = b.arena.scalar('u16', checkInteger('devfs ruleset', ruleset, 0, 65535), 'devfs ruleset');
  return control(b, directory, b.bindings.constants.DEVFSIO_SUSE, at, `devfs ruleset ${ruleset}`);
}

/** Applies a ruleset to the devices that a mounted devfs has now. ESRCH if it has no rules. */
export function applyDevfsRuleset(b: BatchBuilder, directory: Directory, ruleset: number): Step<void> {
  const at = b.arena.scalar('u16', checkRuleset(ruleset), 'devfs ruleset');
  return control(b, directory, b.bindings.constants.DEVFSIO_SAPPLY, at, `devfs ruleset ${ruleset}`);
}

function control(
  b: BatchBuilder,
  directory: Directory,
  request: number,
  at: number,
  object: string,
): Step<void> {
  return { value: b.call('ioctl', [directory, request, { arena: at }], { object }), decode: () => undefined };
}

/** The ruleset with the next higher number; ENOENT if there is none. */
export function nextDevfsRuleset(b: BatchBuilder, directory: Directory, after: number): Step<number> {
  const at = b.arena.scalar('u16', checkInteger('devfs ruleset', after, 0, 65535), 'devfs ruleset');
  const object = `devfs ruleset after ${after}`;
  const value = b.call('ioctl', [directory, b.bindings.constants.DEVFSIO_SGETNEXT, { arena: at }], {
    object,
  });
  return {
    value,
    decode: ({ arena }) => new DataView(arena.buffer, arena.byteOffset).getUint16(at, true),
  };
}

/** A rule as the kernel has it. */
export interface NumberedRule {
  readonly number: number;
  readonly pattern: string | undefined;
  readonly hides: boolean;
  readonly unhides: boolean;
  readonly includes: number | undefined;
}

/** The rule of a ruleset with the next higher number; ENOENT if there is none. */
export function nextDevfsRule(
  b: BatchBuilder,
  directory: Directory,
  ruleset: number,
  after: number,
): Step<NumberedRule> {
  const { constants: c, layouts } = b.bindings;
  const id = checkRuleset(ruleset) * 65536 + checkInteger('devfs rule', after, 0, 65535);
  const at = b.arena.struct(layouts.devfs_rule, { dr_magic: c.DEVFS_MAGIC, dr_id: id });
  const object = `devfs rule after ${ruleset}:${after}`;
  const value = b.call('ioctl', [directory, c.DEVFSIO_RGETNEXT, { arena: at }], { object });
  return {
    value,
    decode: ({ arena }) => {
      const rule = readStruct(arena, at, layouts.devfs_rule);
      const acts = (rule.dr_iacts & c.DRA_BACTS) !== 0 ? rule.dr_bacts : 0;
      return {
        number: rule.dr_id % 65536,
        pattern: (rule.dr_icond & c.DRC_PATHPTRN) === 0 ? undefined : readText(rule.dr_pathptrn),
        hides: (acts & c.DRB_HIDE) !== 0,
        unhides: (acts & c.DRB_UNHIDE) !== 0,
        includes: (rule.dr_iacts & c.DRA_INCSET) === 0 ? undefined : rule.dr_incset,
      };
    },
  };
}

/** The numbers of all rulesets that have rules or are in use. One round trip each. */
export async function listDevfsRulesets(system: FreeBSD, directory: number): Promise<number[]> {
  const rulesets: number[] = [];
  for (;;) {
    const after = rulesets.at(-1) ?? 0;
    const next = await run(system, (b) => b.attempt(() => nextDevfsRuleset(b, directory, after)));
    if (isKernelError(next, 'ENOENT')) return rulesets;
    if (isKernelError(next)) throw next;
    rulesets.push(next);
  }
}

/** The rules of a ruleset, in their order; none if there is no such ruleset. One round trip each. */
export async function listDevfsRules(
  system: FreeBSD,
  directory: number,
  ruleset: number,
): Promise<NumberedRule[]> {
  const rules: NumberedRule[] = [];
  for (;;) {
    const after = rules.at(-1)?.number ?? 0;
    const next = await run(system, (b) => b.attempt(() => nextDevfsRule(b, directory, ruleset, after)));
    if (isKernelError(next, 'ENOENT')) return rules;
    if (isKernelError(next)) throw next;
    rules.push(next);
  }
}
