import { hasAccounting, readUsage } from '../../kernel/freebsd/rctl.js';
import type { ProcessInfo } from '../../kernel/freebsd/process-info.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { readSysctlInt } from '../../kernel/freebsd/sysctl.js';
import type { TypedBytes } from '../../runtime/runtime.js';
import { processTimes } from './process-times.js';

/** What a jail uses: bytes, and microseconds of processors. */
interface Usage {
  readonly memory: bigint;
  readonly swap: bigint;
  readonly cpu: bigint;
}

/**
 * What tells what a jail uses, in the message that containerd and its clients know of cgroups: memory, time of processors
 * and the number of processes. Where the kernel keeps no account, the first two are the sums of the jail's processes.
 *
 * @param list the jail's processes
 */
export function metricsOf(
  system: FreeBSD,
  jail: string,
  list: () => Promise<ProcessInfo[]>,
): () => Promise<TypedBytes> {
  const times = processTimes();
  return async () => {
    const { pack } = await import('../../proto/any.js');
    const { CPUStat, MemoryStat, Metrics, PidsStat } = await import('../../proto/generated/cgroups-v2.js');
    const processes = await list();
    const { memory, swap, cpu } = (await hasAccounting(system))
      ? await accounted(system, jail)
      : { ...(await held(system, processes)), cpu: times(processes) };
    return pack(Metrics, {
      pids: PidsStat.decode(PidsStat.encode({ current: BigInt(processes.length) })),
      cpu: CPUStat.decode(CPUStat.encode({ usageUsec: cpu })),
      memory: MemoryStat.decode(MemoryStat.encode({ usage: memory, anon: memory, swapUsage: swap })),
    });
  };
}

async function accounted(system: FreeBSD, jail: string): Promise<Usage> {
  const used = await run(system, (b) => readUsage(b, jail));
  const amount = (name: Parameters<typeof used.get>[0]): bigint => used.get(name) ?? 0n;
  return { memory: amount('memoryuse'), swap: amount('swapuse'), cpu: amount('cputime') * 1_000_000n };
}

/** What processes hold; pages that several of them share count for each. */
async function held(system: FreeBSD, processes: readonly ProcessInfo[]): Promise<Omit<Usage, 'cpu'>> {
  const page = BigInt(await run(system, (b) => readSysctlInt(b, 'hw.pagesize')));
  const bytes = (pages: (process: ProcessInfo) => bigint): bigint => {
    return processes.reduce((sum, process) => sum + pages(process), 0n) * page;
  };
  return {
    memory: bytes(({ residentPages }) => residentPages),
    swap: bytes(({ swappedPages }) => swappedPages),
  };
}
