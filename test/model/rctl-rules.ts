import { fail } from './failure.js';
import type { System } from './system.js';

/** Those in the order in which the kernel tells them, with what can be done about each: racct_types of kern_racct.c. */
const resources: readonly (readonly [name: string, kind: 'limited' | 'counted' | 'throttled'])[] = [
  ['cputime', 'counted'],
  ...['datasize', 'stacksize', 'coredumpsize', 'memoryuse', 'memorylocked', 'maxproc', 'openfiles'].map(
    limited,
  ),
  ...['vmemoryuse', 'pseudoterminals', 'swapuse', 'nthr', 'msgqqueued', 'msgqsize', 'nmsgq', 'nsem'].map(
    limited,
  ),
  ...['nsemop', 'nshm', 'shmsize'].map(limited),
  ['wallclock', 'counted'],
  ['pcpu', 'limited'],
  ...['readbps', 'writebps', 'readiops', 'writeiops'].map((name) => [name, 'throttled'] as const),
];

function limited(name: string): readonly [string, 'limited'] {
  return [name, 'limited'];
}

export const resourceNames = resources.map(([name]) => name);

/** Whether use is known of single processes too. */
export function isOfProcesses(resource: string): boolean {
  return !ofNoProcess.includes(resource);
}

const subjects = ['process', 'user', 'loginclass', 'jail'];
const ofNoProcess = [
  ...['pseudoterminals', 'swapuse', 'msgqqueued', 'msgqsize', 'nmsgq', 'nsem', 'nshm', 'shmsize'],
];
const inMillionths = ['cputime', 'wallclock', 'pcpu'];
const most = 0x7fff_ffff_ffff_ffffn;
const nameLength = 255;

/** A rule, or a filter that leaves some of it open. */
export interface Rule {
  readonly subject: string | undefined;
  readonly name: string | undefined;
  readonly resource: string | undefined;
  readonly action: string | undefined;
  readonly amount: bigint | undefined;
  readonly per: string | undefined;
}

/** The filter that leaves all rules through. */
export const everything: Rule = {
  ...{ subject: undefined, name: undefined, resource: undefined, action: undefined },
  ...{ amount: undefined, per: undefined },
};

/** rctl_string_to_rule(): subject:name:resource:action=amount/per, any of which may be missing. */
export function parseRule(text: string, system: System): Rule {
  const [subject = '', name = '', resource = '', ...rest] = text.split(':');
  const [action = '', ...amounts] = rest.join(':').split('=');
  const [amount = '', ...pers] = amounts.join('=').split('/');
  const per = pers.join('/');
  const type = word(subject, subjects);
  // In the order in which the kernel reads them: the first that is wrong is what it says.
  const checkedName = checkName(system, type, name);
  const counted = word(resource, resourceNames);
  const acted = word(action, actionNames(system));
  const limit = number(amount);
  if (limit !== undefined && inMillionths.includes(counted ?? '') && limit > most / 1_000_000n)
    fail('ERANGE');
  return {
    ...{ subject: type, name: checkedName, resource: counted, action: acted, amount: limit },
    per: word(per, subjects),
  };
}

/** Words are taken in capitals as well. */
function word(text: string, words: readonly string[]): string | undefined {
  if (text === '') return undefined;
  const known = text.toLowerCase();
  return words.includes(known) ? known : fail('EINVAL');
}

function checkName(system: System, subject: string | undefined, name: string): string | undefined {
  if (name === '') return undefined;
  if (subject === undefined) return fail('EINVAL');
  if ((subject === 'process' || subject === 'user') && !/^\d+$/.test(name)) return fail('EINVAL');
  if (subject === 'process' && system.processes.get(Number(name)) === undefined) return fail('ESRCH');
  return Buffer.byteLength(name) > nameLength ? fail('ENAMETOOLONG') : name;
}

/** str2int64() */
function number(text: string): bigint | undefined {
  if (text === '') return undefined;
  const [, sign, digits] = /^\s*([-+]?)(\d+)$/.exec(text) ?? [];
  if (digits === undefined) return fail('EINVAL');
  // A negative number is a very large one.
  return sign === '-' || BigInt(digits) > most ? fail('ERANGE') : BigInt(digits);
}

function actionNames({ bindings }: System): string[] {
  return [
    'deny',
    'log',
    'devctl',
    'throttle',
    ...Object.keys(bindings.signals).map((name) => name.toLowerCase()),
  ];
}

/** A rule that can be added, which is whole: EOPNOTSUPP for what cannot be done about the resource. */
export function checkWhole(rule: Rule): Required<{ [K in keyof Rule]: NonNullable<Rule[K]> }> {
  const { subject, name, resource, action, amount, per = subject } = rule;
  if (subject === undefined || name === undefined || resource === undefined) return fail('EINVAL');
  if (action === undefined || amount === undefined || per === undefined) return fail('EINVAL');
  const kind = resources.find(([each]) => each === resource)?.[1];
  if (action === 'deny' && kind !== 'limited') return fail('EOPNOTSUPP');
  if (action === 'throttle' && kind !== 'throttled') return fail('EOPNOTSUPP');
  if (per === 'process' && ofNoProcess.includes(resource)) return fail('EOPNOTSUPP');
  return { subject, name, resource, action, amount, per };
}

export type WholeRule = ReturnType<typeof checkWhole>;

/** Whether a filter leaves a rule through. */
export function matches(filter: Rule, rule: WholeRule): boolean {
  const keys = ['subject', 'name', 'resource', 'action', 'amount', 'per'] as const;
  return keys.every((key) => filter[key] === undefined || filter[key] === rule[key]);
}

/** A rule as it is told; `per` is left out if it is what the rule is about. */
export function ruleText({ subject, name, resource, action, amount, per }: WholeRule): string {
  return `${subject}:${name}:${resource}:${action}=${amount}${per === subject ? '' : `/${per}`}`;
}
