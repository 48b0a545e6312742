import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import type { Process } from './process.js';
import { checkWhole, parseRule, ruleText, type Rule, type WholeRule } from './rctl-rules.js';
import type { Arguments, SystemCalls } from './system-call.js';

const longestInput = 4096;
/** kern.racct.rctl.maxbufsize */
const longestOutput = 16 * 1024 * 1024;

/** What is asked for, as text. */
function input({ memory, process, system }: CallContext, args: Arguments): string {
  if (!system.accounting) fail('ENOSYS');
  if (process.credential.uid !== 0 || process.jail !== system.jails.host) fail('EPERM');
  const length = args.long(1);
  if (length <= 0) return fail('EINVAL');
  if (length > longestInput) return fail('E2BIG');
  return memory.text(args.address(0), length);
}

function output({ memory }: CallContext, args: Arguments, text: string): number {
  const bytes = Buffer.from(`${text}\0`);
  if (bytes.byteLength > args.long(3)) return fail('ERANGE');
  memory.write(args.address(2), bytes);
  return 0;
}

/** A comma after the last rule must have room too, though it is not told. */
function list(context: CallContext, args: Arguments, rules: readonly WholeRule[]): number {
  if (args.long(3) > longestOutput) return fail('E2BIG');
  const text = rules.map((rule) => ruleText(rule)).join(',');
  if (rules.length > 0 && Buffer.byteLength(text) + 2 > args.long(3)) return fail('ERANGE');
  return output(context, args, text);
}

/** The process that a question is about. */
function processOf({ system }: CallContext, { name }: Rule): Process {
  return system.processes.get(Number(name ?? fail('EINVAL'))) ?? fail('ESRCH');
}

function usage(context: CallContext, rule: Rule): ReadonlyMap<string, number> {
  const { limits } = context.system;
  if (rule.subject === 'process') return limits.usageOf(processOf(context, rule));
  return limits.usageOfJail(rule.subject === 'jail' ? (rule.name ?? fail('EINVAL')) : fail('EINVAL'));
}

/** Resource limits: kern_rctl.c. */
export const rctlCalls: SystemCalls = {
  rctl_add_rule: (context, args) => {
    const { system } = context;
    system.limits.add(checkWhole(parseRule(input(context, args), system)));
    return 0;
  },
  rctl_remove_rule: (context, args) => {
    const { system } = context;
    return system.limits.remove(parseRule(input(context, args), system)) === 0 ? fail('ESRCH') : 0;
  },
  rctl_get_rules: (context, args) => {
    const filter = parseRule(input(context, args), context.system);
    return list(context, args, context.system.limits.list(filter));
  },
  rctl_get_limits: (context, args) => {
    const rule = parseRule(input(context, args), context.system);
    if (rule.subject === undefined) return fail('EINVAL');
    if (rule.subject !== 'process') return fail('EOPNOTSUPP');
    return list(context, args, context.system.limits.binding(processOf(context, rule)));
  },
  rctl_get_racct: (context, args) => {
    const used = usage(context, parseRule(input(context, args), context.system));
    return output(context, args, [...used].map(([resource, amount]) => `${resource}=${amount}`).join(','));
  },
};
