import type { RctlRule, ResourcesPlan } from '../plan/resources.js';
import { readCpus } from './cpus.js';
import type { Field } from './field.js';
import { readRctlRules, sameRule } from './rctl-rules.js';

/**
 * OCI LinuxResources and our own annotation `rctl` as rules of rctl(8) and a set of processors. A rule of the
 * annotation stands in place of one from the resources for the same thing.
 *
 * @param resources `linux.resources` of a spec, or those of an update
 */
export function planResources(resources: Field, annotation: Field): ResourcesPlan {
  refuseForeign(resources);
  const own = annotation.optional(readRctlRules) ?? [];
  const rules = [...memoryRules(resources), ...cpuRules(resources), ...pidsRules(resources)];
  const cpus = resources.member('cpu').member('cpus');
  return {
    rules: [...rules.filter((rule) => !own.some((one) => sameRule(one, rule))), ...own],
    cpus: cpus.empty ? undefined : readCpus(cpus),
  };
}

/** What has no counterpart and asks for more than nothing. The rest is ignored: hints, and defaults of clients. */
const foreign: readonly (readonly [section: string, member: string, why: string])[] = [
  ['memory', 'disableOOMKiller', 'a jail has no OOM killer of its own'],
  ['cpu', 'mems', 'a jail cannot be bound to memory'],
  ['cpu', 'realtimeRuntime', 'rctl does not count real time'],
  ['cpu', 'realtimePeriod', 'rctl does not count real time'],
  ['cpu', 'idle', 'a jail cannot be idle'],
  ['blockIO', 'throttleReadBpsDevice', 'rctl does not tell devices apart: use the annotation for readbps'],
  ['blockIO', 'throttleWriteBpsDevice', 'rctl does not tell devices apart: use the annotation for writebps'],
  ['blockIO', 'throttleReadIOPSDevice', 'rctl does not tell devices apart: use the annotation for readiops'],
  [
    'blockIO',
    'throttleWriteIOPSDevice',
    'rctl does not tell devices apart: use the annotation for writeiops',
  ],
  ['network', 'classID', 'there are no classes of traffic for jails'],
  ['network', 'priorities', 'there are no classes of traffic for jails'],
];

const foreignSections: readonly (readonly [section: string, why: string])[] = [
  ['hugepageLimits', 'rctl does not count huge pages'],
  ['rdma', 'rctl does not count RDMA'],
  ['unified', 'FreeBSD has no cgroups'],
];

function refuseForeign(resources: Field): void {
  for (const [section, member, why] of foreign) {
    const field = resources.member(section).member(member);
    if (!field.empty) field.unsupported(why);
  }
  for (const [section, why] of foreignSections) {
    const field = resources.member(section);
    if (!field.empty) field.unsupported(why);
  }
}

/**
 * A limit of memory pages out what is above it. OCI's swap is memory and swap together, and so is swapuse: it counts
 * all memory without a file behind it as soon as it is promised.
 */
function memoryRules(resources: Field): RctlRule[] {
  const memory = resources.member('memory');
  const limits = (['limit', 'swap'] as const).map((name) => {
    return { name, field: memory.member(name), value: amount(memory.member(name)) };
  });
  const [limit, swap] = limits.map(({ value }) => value);
  if (limit !== undefined && swap !== undefined && swap < limit) {
    memory.member('swap').invalid(`${swap.toString()} is less than the limit of memory, ${limit.toString()}`);
  }
  return limits.flatMap(({ name, field, value }) => {
    return value === undefined ? [] : [rule(name === 'limit' ? 'memoryuse' : 'swapuse', value, field)];
  });
}

/** A quota is a share of time of all processors together, as pcpu is, in percent of one. */
function cpuRules(resources: Field): RctlRule[] {
  const cpu = resources.member('cpu');
  const quota = cpu.member('quota');
  const time = amount(quota);
  if (time === undefined) return [];
  const period = amount(cpu.member('period')) ?? 100_000n;
  const percent = (time * 100n + period - 1n) / period;
  return [rule('pcpu', percent, quota)];
}

/** Linux counts threads; the processes themselves count as well, and so do those that nobody waited for. */
function pidsRules(resources: Field): RctlRule[] {
  const limit = resources.member('pids').member('limit');
  const most = amount(limit);
  return most === undefined ? [] : [rule('maxproc', most, limit), rule('nthr', most, limit)];
}

function rule(resource: RctlRule['resource'], value: bigint, { name }: Field): RctlRule {
  return { resource, action: 'deny', amount: value, field: name };
}

/** A limit of 64 bits, for which 0, -1 and numbers that no double holds exactly stand for none. */
function amount(field: Field): bigint | undefined {
  const number = field.optional((one) => one.integer(-1, 2 ** 64));
  if (number === undefined || number <= 0 || number > Number.MAX_SAFE_INTEGER) return undefined;
  return BigInt(number);
}
