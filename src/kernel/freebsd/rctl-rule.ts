import { checkNonEmpty } from './check.js';

// rctl(8) as the kernel reads and writes it: plain numbers, and no names of users.

const limited = [
  ...([
    'datasize',
    'stacksize',
    'coredumpsize',
    'memoryuse',
    'memorylocked',
    'maxproc',
    'openfiles',
  ] as const),
  ...([
    'vmemoryuse',
    'pseudoterminals',
    'swapuse',
    'nthr',
    'msgqqueued',
    'msgqsize',
    'nmsgq',
    'nsem',
  ] as const),
  ...(['nsemop', 'nshm', 'shmsize', 'pcpu'] as const),
] as const;
const counted = ['cputime', 'wallclock'] as const;
const throttled = ['readbps', 'writebps', 'readiops', 'writeiops'] as const;

/** What is accounted for, by the names of rctl(8). */
export type AccountedResource =
  (typeof limited)[number] | (typeof counted)[number] | (typeof throttled)[number];

/** What happens at the limit: EAGAIN and its like, a pause, a message, or a signal such as "sigkill". */
export type LimitAction = 'deny' | 'throttle' | 'log' | 'devctl' | `sig${string}`;

/** Whose use is counted, each by itself. */
export type LimitSubject = 'process' | 'user' | 'loginclass' | 'jail';

/** A rule of rctl(8) for the processes of a jail. */
export interface JailRule {
  /** The full name, with the jails that it lies in. It need not exist, and those in it are not meant. */
  readonly jail: string;
  readonly resource: AccountedResource;
  readonly action: LimitAction;
  /** Bytes, a number of things, percent of one processor, seconds, or bytes and operations in a second. */
  readonly amount: bigint;
  /** Undefined: the jail as a whole. */
  readonly per?: Exclude<LimitSubject, 'jail'>;
}

/** A rule of anybody. */
export interface AnyRule extends Omit<JailRule, 'jail' | 'per'> {
  readonly subject: LimitSubject;
  /** A pid, a uid, or the name of a login class or a jail. */
  readonly name: string;
  /** Undefined: the subject as a whole. */
  readonly per: LimitSubject | undefined;
}

const resources = new Set<string>([...limited, ...counted, ...throttled]);
const subjects = new Set<string>(['process', 'user', 'loginclass', 'jail']);
// What the kernel does not know of single processes.
const ofNoProcess = new Set<string>([
  ...['pseudoterminals', 'swapuse', 'msgqqueued', 'msgqsize', 'nmsgq', 'nsem', 'nshm', 'shmsize'],
]);
// What the kernel multiplies by a million before it keeps it in 64 bits.
const inMillionths = new Set<string>(['cputime', 'wallclock', 'pcpu']);
const most = 0x7fff_ffff_ffff_ffffn;
// MAXHOSTNAMELEN of sys/param.h, with the NUL
const nameCapacity = 256;

/**
 * The name of a jail, as a rule can have it: without colons, which separate the parts of rules, and not empty, which
 * in a filter would mean all jails. Throws a RangeError.
 */
export function checkRuleJail(jail: string): string {
  checkNonEmpty('jail', jail, nameCapacity);
  if (jail.includes(':'))
    throw new RangeError(`jail: '${jail}' has a colon, which rctl(8) cannot have in a name`);
  return jail;
}

/** A word of rctl(8) for a resource. Throws a RangeError for others. */
export function checkResource(resource: string): AccountedResource {
  if (isResource(resource)) return resource;
  throw new RangeError(`resource: '${resource}' is none of rctl(8)`);
}

/** A rule as the kernel takes it. Throws a RangeError for what it would refuse, naming the field. */
export function formatRule({ jail, resource, action, amount, per }: JailRule): string {
  checkRuleJail(jail);
  checkResource(resource);
  checkAction(resource, action);
  const limit = inMillionths.has(resource) ? most / 1_000_000n : most;
  if (amount < 0n || amount > limit)
    throw new RangeError(`amount of ${resource}: ${amount} is not from 0 to ${limit}`);
  if (per !== undefined && !subjects.has(per)) throw new RangeError(`per: '${per}' is none of rctl(8)`);
  if (per === 'process' && ofNoProcess.has(resource)) {
    throw new RangeError(`per: the kernel does not count ${resource} by process`);
  }
  return `jail:${jail}:${resource}:${action}=${amount}${per === undefined ? '' : `/${per}`}`;
}

function checkAction(resource: AccountedResource, action: string): void {
  if (!isAction(action)) throw new RangeError(`action: '${action}' is none of rctl(8)`);
  const deniable = limited.some((each) => each === resource);
  const throttleable = throttled.some((each) => each === resource);
  if ((action === 'deny' && !deniable) || (action === 'throttle' && !throttleable)) {
    throw new RangeError(`action: the kernel cannot ${action} ${resource}`);
  }
}

// No name has a colon in it, but one may have commas.
const rulePattern = /([a-z]+):([^:]+):([a-z]+):([a-z0-9]+)=(\d+)(?:\/([a-z]+))?(?:,|$)/y;

/** The rules in a list of the kernel's. Throws an Error if it is none. */
export function parseRules(text: string): AnyRule[] {
  const rules: AnyRule[] = [];
  rulePattern.lastIndex = 0;
  while (rulePattern.lastIndex < text.length) {
    const at = rulePattern.lastIndex;
    const rule = toRule(rulePattern.exec(text) ?? []);
    if (rule === undefined) throw new Error(`rctl: '${text.slice(at)}' is no list of rules`);
    rules.push(rule);
  }
  return rules;
}

function toRule(parts: readonly string[]): AnyRule | undefined {
  const [, subject = '', name = '', resource = '', action = '', amount = '', per] = parts;
  if (!isSubject(subject) || !isResource(resource) || !isAction(action)) return undefined;
  if (per !== undefined && !isSubject(per)) return undefined;
  return { subject, name, resource, action, amount: BigInt(amount), per };
}

/** What is used of each resource, as the kernel tells it: "cputime=0,datasize=4096". Throws an Error for anything else. */
export function parseUsage(text: string): Map<AccountedResource, bigint> {
  const used = text.split(',').map((part) => {
    const [, resource = '', amount = ''] = /^([a-z]+)=(\d+)$/.exec(part) ?? [];
    if (!isResource(resource)) throw new Error(`rctl: '${part}' is no use of a resource`);
    return [resource, BigInt(amount)] as const;
  });
  return new Map(used);
}

function isResource(word: string): word is AccountedResource {
  return resources.has(word);
}

function isSubject(word: string): word is LimitSubject {
  return subjects.has(word);
}

function isAction(word: string): word is LimitAction {
  return ['deny', 'throttle', 'log', 'devctl'].includes(word) || signals.has(word);
}

const signals = new Set([
  ...['sighup', 'sigint', 'sigquit', 'sigill', 'sigtrap', 'sigabrt', 'sigemt', 'sigfpe', 'sigkill', 'sigbus'],
  ...[
    'sigsegv',
    'sigsys',
    'sigpipe',
    'sigalrm',
    'sigterm',
    'sigurg',
    'sigstop',
    'sigtstp',
    'sigchld',
    'sigttin',
  ],
  ...[
    'sigttou',
    'sigio',
    'sigxcpu',
    'sigxfsz',
    'sigvtalrm',
    'sigprof',
    'sigwinch',
    'siginfo',
    'sigusr1',
    'sigusr2',
  ],
  'sigthr',
]);
