import { isKernelError } from '../error.js';
import { readText } from '../layout.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkInteger, checkPositive } from './check.js';
import {
  checkResource,
  checkRuleJail,
  formatRule,
  parseRules,
  parseUsage,
  type AccountedResource,
  type AnyRule,
  type JailRule,
} from './rctl-rule.js';
import { run, type FreeBSD } from './run.js';
import { readSysctlInt } from './sysctl.js';

// rctl_add_rule(2) and its kin. Rules are the name's, not the jail's: they may come before the jail, stay when it is gone,
// and do not follow when it is renamed. ENOSYS if there is no accounting, EPERM inside a jail and for all but root.

// A list must be shorter than the room for it by more than its NUL. The kernel allocates all of the room, and gives no more
// than kern.racct.rctl.maxbufsize (E2BIG).
const firstCapacity = 4096;
const largestCapacity = 1 << 20;

/** Whether the kernel keeps account of what is used: kern.racct.enable, which can only be set when it boots. */
export async function hasAccounting(system: FreeBSD): Promise<boolean> {
  const enabled = await run(system, (b) => b.attempt(() => readSysctlInt(b, 'kern.racct.enable')));
  if (isKernelError(enabled, 'ENOENT')) return false;
  if (isKernelError(enabled)) throw enabled;
  return enabled !== 0;
}

/**
 * Adds a rule. One that denies takes the place of another that does, with the same jail, resource and `per`; otherwise only
 * the very same rule is not there twice.
 */
export function addRule(b: BatchBuilder, rule: JailRule): Step<void> {
  const text = formatRule(rule);
  const input = b.arena.textSpan(text, 'rule');
  const args = [{ arena: input.offset }, input.length, 0, 0];
  return { value: b.call('rctl_add_rule', args, { object: text }), decode: () => undefined };
}

/** Removes the rules of a jail's name, or only those for a resource: ESRCH if there are none. */
export function removeRules(b: BatchBuilder, jail: string, resource?: AccountedResource): Step<void> {
  const text = filter(jail, resource);
  const input = b.arena.textSpan(text, 'filter');
  const args = [{ arena: input.offset }, input.length, 0, 0];
  return { value: b.call('rctl_remove_rule', args, { object: text }), decode: () => undefined };
}

/** Removes one rule: ESRCH if it is not there. Those of other amounts, actions and `per` stay. */
export function removeRule(b: BatchBuilder, rule: JailRule): Step<void> {
  // A filter that left `per` open would take those of other kinds along.
  const text = rule.per === undefined ? `${formatRule(rule)}/jail` : formatRule(rule);
  const input = b.arena.textSpan(text, 'rule');
  const args = [{ arena: input.offset }, input.length, 0, 0];
  return { value: b.call('rctl_remove_rule', args, { object: text }), decode: () => undefined };
}

/** What the processes of a jail and of those in it use, by resource. A name that no jail has uses nothing. */
export function readUsage(b: BatchBuilder, jail: string): Step<Map<AccountedResource, bigint>> {
  const read = addRead(b, 'rctl_get_racct', filter(jail), firstCapacity);
  return { value: read.value, decode: (outcome) => parseUsage(read.decode(outcome)) };
}

/** The rules of a jail's name. ERANGE if `capacity` bytes are not more than enough. */
export function readRules(b: BatchBuilder, jail: string, capacity = firstCapacity): Step<AnyRule[]> {
  const read = addRead(b, 'rctl_get_rules', filter(jail), capacity);
  return { value: read.value, decode: (outcome) => parseRules(read.decode(outcome)) };
}

/** The rules that bind a process, whoever they are for. ERANGE if `capacity` bytes are not more than enough. */
export function readLimits(b: BatchBuilder, pid: number, capacity = firstCapacity): Step<AnyRule[]> {
  const read = addRead(b, 'rctl_get_limits', `process:${checkPositive('pid', pid)}`, capacity);
  return { value: read.value, decode: (outcome) => parseRules(read.decode(outcome)) };
}

/** All rules of a jail's name, however many. */
export function listRules(system: FreeBSD, jail: string): Promise<AnyRule[]> {
  return withRoom(system, (b, capacity) => readRules(b, jail, capacity));
}

/** All rules that bind a process, however many. */
export function listLimits(system: FreeBSD, pid: number): Promise<AnyRule[]> {
  return withRoom(system, (b, capacity) => readLimits(b, pid, capacity));
}

/** Reads with more and more room, until the list fits or the kernel gives no more. */
async function withRoom<T>(
  system: FreeBSD,
  read: (b: BatchBuilder, capacity: number) => Step<T>,
): Promise<T> {
  for (let capacity = firstCapacity; ; capacity *= 2) {
    try {
      return await run(system, (b) => read(b, capacity));
    } catch (error) {
      if (!isKernelError(error, 'ERANGE') || capacity >= largestCapacity) throw error;
    }
  }
}

/** An empty name would mean every jail: `checkRuleJail` has none. */
function filter(jail: string, resource?: AccountedResource): string {
  const name = checkRuleJail(jail);
  return resource === undefined ? `jail:${name}` : `jail:${name}:${checkResource(resource)}`;
}

function addRead(
  b: BatchBuilder,
  symbol: 'rctl_get_racct' | 'rctl_get_rules' | 'rctl_get_limits',
  text: string,
  capacity: number,
): Step<string> {
  checkInteger('capacity', capacity, 1, largestCapacity);
  const input = b.arena.textSpan(text, 'filter');
  const output = b.arena.reserve(capacity);
  const args = [{ arena: input.offset }, input.length, { arena: output }, capacity];
  const value = b.call(symbol, args, { object: text });
  return { value, decode: ({ arena }) => readText(arena, output, capacity) };
}
