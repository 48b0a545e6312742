import { isType, unpack } from '../../proto/any.js';
import type { Any } from '../../proto/generated/messages.js';
import { UINT64_MAX, type Int64 } from '../../proto/int64.js';

/** What a container uses; undefined where its host does not count it, or sets no limit. */
export interface Usage {
  /** time of processors since its start, in nanoseconds */
  readonly cpu: bigint | undefined;
  /** bytes */
  readonly memory: bigint | undefined;
  readonly memoryLimit: bigint | undefined;
  readonly processes: bigint | undefined;
  readonly processesLimit: bigint | undefined;
}

/** Reads the figures that a daemon gives: those of cgroups 1 or 2; of jails, those of cgroups 2. @throws Error for others */
export async function readUsage(stats: Any): Promise<Usage> {
  const two = await import('../../proto/generated/cgroups-v2.js');
  if (isType(two.Metrics, stats)) {
    const { cpu, memory, pids } = unpack(two.Metrics, stats);
    return {
      cpu: cpu === null ? undefined : BigInt(cpu.usageUsec) * 1000n,
      memory: memory === null ? undefined : BigInt(memory.usage),
      memoryLimit: limit(memory?.usageLimit),
      processes: pids === null ? undefined : BigInt(pids.current),
      processesLimit: limit(pids?.limit),
    };
  }
  const one = await import('../../proto/generated/cgroups-v1.js');
  const { cpu, memory, pids } = unpack(one.Metrics, stats);
  const usage = memory?.usage;
  return {
    cpu: cpu?.usage === null || cpu === null ? undefined : BigInt(cpu.usage.total),
    memory: usage === null || usage === undefined ? undefined : BigInt(usage.usage),
    memoryLimit: limit(usage?.limit),
    processes: pids === null ? undefined : BigInt(pids.current),
    processesLimit: limit(pids?.limit),
  };
}

/** No limit is 0, or a number that no machine has: version 1 has the greatest that is whole pages. */
function limit(value: Int64 | undefined): bigint | undefined {
  if (value === undefined) return undefined;
  const number = BigInt(value);
  return number === 0n || number === UINT64_MAX || number > 1n << 60n ? undefined : number;
}

/** How many processors' worth of time was used between two looks, in hundredths of one. */
export function cpuPercent(before: Usage, after: Usage, nanoseconds: bigint): number | undefined {
  if (before.cpu === undefined || after.cpu === undefined || nanoseconds <= 0n) return undefined;
  return (Number(after.cpu - before.cpu) / Number(nanoseconds)) * 100;
}
