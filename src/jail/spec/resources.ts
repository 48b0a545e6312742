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
  const limits = [...memoryLimits(resources), ...cpuLimits(resources), ...pidsLimits(resources)];
  const rules = limits.flatMap(({ resource, amount, field }): RctlRule[] => {
    return amount === 'none' ? [] : [{ resource, action: 'deny', amount, field: field.name }];
  });
  const cpus = resources.member('cpu').member('cpus');
  return {
    rules: [...rules.filter((rule) => !own.some((one) => sameRule(one, rule))), ...own],
    unlimited: limits.filter(({ amount }) => amount === 'none').map(({ resource }) => resource),
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

/** A limit that resources speak of: -1, and what no machine has, mean that there is to be none. */
interface Limit {
  readonly resource: RctlRule['resource'];
  readonly amount: bigint | 'none';
  readonly field: Field;
}

/**
 * A limit of memory pages out what is above it. OCI's swap is memory and swap together, and so is swapuse: it counts
 * all memory without a file behind it as soon as it is promised. Without a limit of memory there is none of both together,
 * unless that is given: so it is with runc.
 */
function memoryLimits(resources: Field): Limit[] {
  const memory = resources.member('memory');
  const [limit, swap] = [memory.member('limit'), memory.member('swap')];
  const [most, together] = [amountOf(limit), amountOf(swap)];
  if (typeof most === 'bigint' && typeof together === 'bigint' && together < most) {
    swap.invalid(`${together.toString()} is less than the limit of memory, ${most.toString()}`);
  }
  return [
    ...limits(limit, most, 'memoryuse'),
    ...limits(swap, together ?? (most === 'none' ? 'none' : undefined), 'swapuse'),
  ];
}

/** A quota is a share of time of all processors together, as pcpu is, in percent of one. */
function cpuLimits(resources: Field): Limit[] {
  const cpu = resources.member('cpu');
  const quota = cpu.member('quota');
  const [time, period] = [amountOf(quota), amountOf(cpu.member('period'))];
  if (typeof time !== 'bigint') return limits(quota, time, 'pcpu');
  const span = typeof period === 'bigint' ? period : 100_000n;
  return limits(quota, (time * 100n + span - 1n) / span, 'pcpu');
}

/** Linux counts threads; the processes themselves count as well, and so do those that nobody waited for. */
function pidsLimits(resources: Field): Limit[] {
  const limit = resources.member('pids').member('limit');
  return limits(limit, amountOf(limit), 'maxproc', 'nthr');
}

function limits(field: Field, amount: Amount, ...of: Limit['resource'][]): Limit[] {
  return amount === undefined ? [] : of.map((resource) => ({ resource, amount, field }));
}

type Amount = Limit['amount'] | undefined;

/** A number of 64 bits: 0 stands for nothing said, -1 and those that no double holds exactly for no limit. */
function amountOf(field: Field): Amount {
  const number = field.optional((one) => one.integer(-1, 2 ** 64));
  if (number === undefined || number === 0) return undefined;
  return number < 0 || number > Number.MAX_SAFE_INTEGER ? 'none' : BigInt(number);
}
