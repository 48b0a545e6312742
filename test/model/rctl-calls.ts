import { fail } from './failure.js';
import type { CallContext } from './open-file.js';
import { checkWhole, parseRule, ruleText, type Rule } from './rctl-rules.js';
import type { Arguments, SystemCalls } from './system-call.js';

const longestInput = 4096;
/** kern.racct.rctl.maxbufsize */
const longestOutput = 16_384;

/** What is asked for, as text. */
function input({ memory, process, system }: CallContext, args: Arguments): string {
  if (!system.accounting) fail('ENOSYS');
  if (process.credential.uid !== 0 || process.jail !== system.jails.host) fail('EPERM');
  const length = args.long(1);
  if (length <= 0) return fail('EINVAL');
  if (length > longestInput) return fail('E2BIG');
  return memory.text(args.address(0), length);
}

/** A list must leave two bytes of its room, the NUL counted. */
function output({ memory }: CallContext, args: Arguments, text: string): number {
  const room = args.long(3);
  const bytes = Buffer.from(`${text}\0`);
  if (text !== '' && bytes.byteLength >= room) return fail('ERANGE');
  memory.write(args.address(2), bytes.subarray(0, room));
  return 0;
}

function list(
  context: CallContext,
  args: Arguments,
  rules: readonly Parameters<typeof ruleText>[0][],
): number {
  if (args.long(3) > longestOutput) return fail('E2BIG');
  return output(context, args, rules.map((rule) => ruleText(rule)).join(','));
}

/** The one whom a question is about: further parts of it do not count. */
function subject(rule: Rule): readonly [kind: string, name: string] {
  if (rule.subject === undefined || rule.name === undefined) return fail('EINVAL');
  return [rule.subject, rule.name];
}

/** Resource limits: kern_rctl.c. */
export const rctlCalls: SystemCalls = {
  rctl_add_rule: (context, args) => {
    const { system } = context;
    system.limits.add(checkWhole(parseRule(input(context, args), system), system));
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
    const { system } = context;
    const [kind, name] = subject(parseRule(input(context, args), system));
    if (kind !== 'process') return fail('EOPNOTSUPP');
    return list(context, args, system.limits.binding(system.processes.get(Number(name)) ?? fail('ESRCH')));
  },
  rctl_get_racct: (context, args) => {
    const { system } = context;
    const [kind, name] = subject(parseRule(input(context, args), system));
    if (kind === 'process' && system.processes.get(Number(name)) === undefined) return fail('ESRCH');
    const used = system.limits.usage(kind === 'jail' ? name : '');
    return output(context, args, [...used].map(([resource, amount]) => `${resource}=${amount}`).join(','));
  },
};
