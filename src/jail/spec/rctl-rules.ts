import type { RctlRule } from '../plan/resources.js';
import { listText } from './annotations.js';
import type { Field } from './field.js';
import { sizeText } from './numbers.js';

/** Resources whose use can be slowed down, and that nothing else can be done about but to tell it. */
const throttled = new Set(['readbps', 'writebps', 'readiops', 'writeiops']);

/** Resources that the kernel can refuse to give. */
const deniable = new Set([
  ...['datasize', 'stacksize', 'coredumpsize', 'memoryuse', 'memorylocked', 'maxproc', 'openfiles'],
  ...['vmemoryuse', 'pseudoterminals', 'swapuse', 'nthr', 'msgqqueued', 'msgqsize', 'nmsgq', 'nsem'],
  ...['nsemop', 'nshm', 'shmsize', 'pcpu'],
]);

/** Resources that are only counted. */
const counted = new Set(['cputime', 'wallclock']);

const signals = new Set([
  ...['sighup', 'sigint', 'sigquit', 'sigill', 'sigtrap', 'sigabrt', 'sigemt', 'sigfpe', 'sigkill'],
  ...['sigbus', 'sigsegv', 'sigsys', 'sigpipe', 'sigalrm', 'sigterm', 'sigurg', 'sigstop', 'sigtstp'],
  ...['sigchld', 'sigttin', 'sigttou', 'sigio', 'sigxcpu', 'sigxfsz', 'sigvtalrm', 'sigprof'],
  ...['sigwinch', 'siginfo', 'sigusr1', 'sigusr2', 'sigthr'],
]);

/**
 * Rules of rctl(8) without their subject, "memoryuse:deny=1g,readbps:throttle=10m", for our own annotation. The
 * amounts have suffixes, which the kernel does not know. Whatever the kernel refuses is refused here, by name.
 */
export function readRctlRules(field: Field): RctlRule[] {
  const rules = listText(field).map((text) => readRule(text, field));
  const twice = rules.find((rule, index) => rules.findIndex((one) => sameRule(one, rule)) !== index);
  if (twice !== undefined) field.invalid(`${twice.resource}:${twice.action} is there twice`);
  return rules;
}

/** True for rules of which the kernel keeps the later one only. */
export function sameRule(one: RctlRule, other: RctlRule): boolean {
  return one.resource === other.resource && one.action === other.action && one.per === other.per;
}

function readRule(text: string, field: Field): RctlRule {
  const [, resource = '', action = '', amount = '', per] =
    /^([a-z]+):([a-z0-9]+)=([^/]*)(?:\/([a-z]+))?$/.exec(text) ?? [];
  if (resource === '') field.invalid(`${JSON.stringify(text)} is no rule such as memoryuse:deny=1g`);
  checkAction(resource, action, field);
  if (per !== undefined && !['process', 'user', 'jail'].includes(per)) {
    field.invalid(`${JSON.stringify(text)}: ${JSON.stringify(per)} is none of process, user, jail`);
  }
  return {
    resource,
    action,
    amount: sizeText(amount, field),
    per: per === 'process' || per === 'user' ? per : undefined,
    field: field.name,
  };
}

function checkAction(resource: string, action: string, field: Field): void {
  if (!throttled.has(resource) && !deniable.has(resource) && !counted.has(resource)) {
    field.invalid(`rctl has no resource ${JSON.stringify(resource)}`);
  }
  if (action === 'deny' && !deniable.has(resource)) field.invalid(`${resource} cannot be denied`);
  if (action === 'throttle' && !throttled.has(resource)) field.invalid(`${resource} cannot be throttled`);
  const known = ['deny', 'throttle', 'log', 'devctl'].includes(action) || signals.has(action);
  if (!known) field.invalid(`rctl has no action ${JSON.stringify(action)}`);
  if (throttled.has(resource) && signals.has(action)) field.invalid(`${resource} can only be throttled`);
}
