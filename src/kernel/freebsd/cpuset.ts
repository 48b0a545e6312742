import type { BatchBuilder, ResultOf, Step } from './batch-builder.js';
import { checkInteger, checkPositive } from './check.js';
import { run, type FreeBSD } from './run.js';
import { readSysctlInt } from './sysctl.js';

// CPU_MAXSIZE of sys/cpuset.h, in bytes. No kernel takes a larger mask.
const largestSize = 128;

/** Whose processors are meant: those of a jail with all in it, or of one process. */
export type CpuOwner = { readonly jid: number } | { readonly pid: number };

/**
 * How many bytes of a mask this kernel wants: kern.sched.cpusetsize. Up to 13 one of less is refused, and programs are
 * compiled with more or less than the kernel has.
 */
export async function cpuMaskSize(system: FreeBSD): Promise<number> {
  return checkSize(await run(system, (b) => readSysctlInt(b, 'kern.sched.cpusetsize')));
}

/**
 * Lets a jail, or one process, run on these processors only: cpuset_setaffinity(2). EINVAL if its parent has not all of
 * them, EDEADLK if a process or a jail in it were left without any, ESRCH if it is not there, EPERM from inside the jail.
 *
 * @param size what `cpuMaskSize` says
 */
export function setCpus(b: BatchBuilder, owner: CpuOwner, cpus: readonly number[], size: number): Step<void> {
  const mask = encodeCpus(cpus, checkSize(size));
  const args = [...ownerArguments(b, owner), size, { arena: b.arena.bytes(mask) }];
  const object = `processors ${formatCpus(cpus)} of ${describe(owner)}`;
  return { value: b.call('cpuset_setaffinity', args, { object }), decode: () => undefined };
}

/** The processors that a jail, or one process, may run on, rising: cpuset_getaffinity(2). */
export function readCpus(b: BatchBuilder, owner: CpuOwner, size: number): Step<number[]> {
  const mask = b.arena.reserve(checkSize(size));
  const args = [...ownerArguments(b, owner), size, { arena: mask }];
  const value = b.call('cpuset_getaffinity', args, { object: `processors of ${describe(owner)}` });
  return { value, decode: ({ arena }) => decodeCpus(arena.subarray(mask, mask + size)) };
}

/** Makes a set of processors with those of the caller's jail, and moves the caller to it: cpuset(2). Answers its number. */
export function makeCpuset(b: BatchBuilder): Step<number> {
  const at = b.arena.reserve(4);
  const value = b.call('cpuset', [{ arena: at }], { object: 'cpuset' });
  return { value, decode: ({ arena }) => int(arena, at) };
}

/** The number of the set that a jail has, or a process is in: cpuset_getid(2). */
export function readCpusetId(b: BatchBuilder, owner: CpuOwner): Step<number> {
  const { CPU_LEVEL_CPUSET } = b.bindings.constants;
  const at = b.arena.reserve(4);
  const [, which, id] = ownerArguments(b, owner);
  const args = [CPU_LEVEL_CPUSET, which, id, { arena: at }];
  const value = b.call('cpuset_getid', args, { object: `cpuset of ${describe(owner)}` });
  return { value, decode: ({ arena }) => int(arena, at) };
}

/** Moves a process to a set: cpuset_setid(2). ESRCH if either is not there. */
export function joinCpuset(b: BatchBuilder, pid: number, set: number | ResultOf): Step<void> {
  const { CPU_WHICH_PID } = b.bindings.constants;
  const id = typeof set === 'number' ? checkPositive('cpuset', set) : set;
  const args = [CPU_WHICH_PID, checkPositive('pid', pid), id];
  const value = b.call('cpuset_setid', args, { object: `process ${pid} in a cpuset` });
  return { value, decode: () => undefined };
}

function ownerArguments(
  b: BatchBuilder,
  owner: CpuOwner,
): readonly [level: number, which: number, id: number] {
  const { CPU_LEVEL_WHICH, CPU_WHICH_JAIL, CPU_WHICH_PID } = b.bindings.constants;
  return 'jid' in owner
    ? [CPU_LEVEL_WHICH, CPU_WHICH_JAIL, checkPositive('jid', owner.jid)]
    : [CPU_LEVEL_WHICH, CPU_WHICH_PID, checkPositive('pid', owner.pid)];
}

function describe(owner: CpuOwner): string {
  return 'jid' in owner ? `jail ${owner.jid}` : `process ${owner.pid}`;
}

/** Processors as in "0-3,7", for messages. */
export function formatCpus(cpus: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const cpu of [...new Set(cpus)].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range?.[1] === cpu - 1) range[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}

/** One bit for each, the lowest first. Throws a RangeError if there are none, or one has no bit. */
function encodeCpus(cpus: readonly number[], size: number): Uint8Array {
  if (cpus.length === 0) throw new RangeError('processors: none');
  const mask = new Uint8Array(size);
  for (const cpu of cpus) {
    checkInteger('processor', cpu, 0, size * 8 - 1);
    mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  }
  return mask;
}

function decodeCpus(mask: Uint8Array): number[] {
  return Array.from({ length: mask.byteLength * 8 }, (_, cpu) => cpu).filter((cpu) => {
    return ((mask[cpu >> 3] ?? 0) & (1 << (cpu & 7))) !== 0;
  });
}

function checkSize(size: number): number {
  if (size % 8 !== 0) throw new RangeError(`cpuset: ${size} bytes, not a multiple of 8`);
  return checkInteger('bytes of a cpuset', size, 8, largestSize);
}

function int(arena: Uint8Array, at: number): number {
  return new DataView(arena.buffer, arena.byteOffset).getInt32(at, true);
}
