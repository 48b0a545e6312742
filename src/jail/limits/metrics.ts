import { hasAccounting, readUsage } from '../../kernel/freebsd/rctl.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import type { TypedBytes } from '../../runtime/runtime.js';

/**
 * What a jail uses, in the message that containerd and its clients know of cgroups: memory, time of processors and the
 * number of processes. A kernel that keeps no account tells the latter only.
 *
 * @param pids of the jail's processes
 */
export async function readMetrics(
  system: FreeBSD,
  jail: string,
  pids: () => Promise<number[]>,
): Promise<TypedBytes> {
  const { pack } = await import('../../proto/any.js');
  const { CPUStat, MemoryStat, Metrics, PidsStat } = await import('../../proto/generated/cgroups-v2.js');
  const current = (await pids()).length;
  const processes = PidsStat.decode(PidsStat.encode({ current: BigInt(current) }));
  if (!(await hasAccounting(system))) return pack(Metrics, { pids: processes });
  const used = await run(system, (b) => readUsage(b, jail));
  const amount = (name: Parameters<typeof used.get>[0]): bigint => used.get(name) ?? 0n;
  const cpu = CPUStat.decode(CPUStat.encode({ usageUsec: amount('cputime') * 1_000_000n }));
  const usage = amount('memoryuse');
  const memory = MemoryStat.decode(MemoryStat.encode({ usage, anon: usage, swapUsage: amount('swapuse') }));
  return pack(Metrics, { pids: processes, cpu, memory });
}
