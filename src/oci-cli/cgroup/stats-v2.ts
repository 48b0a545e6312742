import type {
  CPUStat,
  HugeTlbStat,
  IOEntry,
  MemoryEvents,
  MemoryStat,
  Metrics,
  PSIData,
  PSIStats,
} from '../../proto/generated/cgroups-v2.js';
import { cgroupDirectory, type CgroupDirectory } from './directory.js';
import { parseDevice, parseFlat, parseInteger, parseNested } from './parse.js';
import { readRdma } from './rdma.js';

/**
 * The figures of a cgroup of version 2, from the files that the kernel's cgroup-v2.rst describes. Clients take the
 * messages for processes, CPU and memory for granted: these are there even if their controllers are not.
 *
 * @throws CgroupGoneError
 */
export function readStatsV2(path: string): Metrics {
  const directory = cgroupDirectory(path);
  return {
    pids: { current: directory.number('pids.current'), limit: directory.number('pids.max') },
    cpu: readCpu(directory),
    memory: readMemory(directory),
    rdma: readRdma(directory),
    io: { usage: readIo(directory), psi: readPressure(directory, 'io.pressure') },
    memoryEvents: readMemoryEvents(directory),
    network: [],
    // Last, as listing the directory tells whether the cgroup was there all the time.
    hugetlb: readHugePages(directory),
  };
}

function readCpu(directory: CgroupDirectory): CPUStat {
  const stat = directory.table('cpu.stat');
  return {
    usageUsec: stat.get('usage_usec'),
    userUsec: stat.get('user_usec'),
    systemUsec: stat.get('system_usec'),
    nrPeriods: stat.get('nr_periods'),
    nrThrottled: stat.get('nr_throttled'),
    throttledUsec: stat.get('throttled_usec'),
    psi: readPressure(directory, 'cpu.pressure'),
    nrBursts: stat.get('nr_bursts'),
    burstUsec: stat.get('burst_usec'),
  };
}

function readMemory(directory: CgroupDirectory): MemoryStat {
  const stat = directory.table('memory.stat');
  // Since Linux 5.9 the kernel counts these for anonymous memory and files apart.
  const both = (key: string): bigint =>
    BigInt(stat.get(key)) + BigInt(stat.get(`${key}_anon`)) + BigInt(stat.get(`${key}_file`));
  return {
    anon: stat.get('anon'),
    file: stat.get('file'),
    kernelStack: stat.get('kernel_stack'),
    slab: stat.get('slab'),
    sock: stat.get('sock'),
    shmem: stat.get('shmem'),
    fileMapped: stat.get('file_mapped'),
    fileDirty: stat.get('file_dirty'),
    fileWriteback: stat.get('file_writeback'),
    anonThp: stat.get('anon_thp'),
    inactiveAnon: stat.get('inactive_anon'),
    activeAnon: stat.get('active_anon'),
    inactiveFile: stat.get('inactive_file'),
    activeFile: stat.get('active_file'),
    unevictable: stat.get('unevictable'),
    slabReclaimable: stat.get('slab_reclaimable'),
    slabUnreclaimable: stat.get('slab_unreclaimable'),
    pgfault: stat.get('pgfault'),
    pgmajfault: stat.get('pgmajfault'),
    workingsetRefault: both('workingset_refault'),
    workingsetActivate: both('workingset_activate'),
    workingsetNodereclaim: stat.get('workingset_nodereclaim'),
    pgrefill: stat.get('pgrefill'),
    pgscan: stat.get('pgscan'),
    pgsteal: stat.get('pgsteal'),
    pgactivate: stat.get('pgactivate'),
    pgdeactivate: stat.get('pgdeactivate'),
    pglazyfree: stat.get('pglazyfree'),
    pglazyfreed: stat.get('pglazyfreed'),
    thpFaultAlloc: stat.get('thp_fault_alloc'),
    thpCollapseAlloc: stat.get('thp_collapse_alloc'),
    usage: directory.number('memory.current'),
    usageLimit: directory.number('memory.max'),
    swapUsage: directory.number('memory.swap.current'),
    swapLimit: directory.number('memory.swap.max'),
    maxUsage: directory.number('memory.peak'),
    swapMaxUsage: directory.number('memory.swap.peak'),
    psi: readPressure(directory, 'memory.pressure'),
  };
}

function readMemoryEvents(directory: CgroupDirectory): MemoryEvents | null {
  const text = directory.text('memory.events');
  if (text === undefined) return null;
  const events = parseFlat(text, 'memory.events');
  return {
    low: events.get('low'),
    high: events.get('high'),
    max: events.get('max'),
    oom: events.get('oom'),
    oomKill: events.get('oom_kill'),
    oomGroupKill: events.get('oom_group_kill'),
  };
}

function readIo(directory: CgroupDirectory): IOEntry[] {
  return parseNested(directory.text('io.stat') ?? '').flatMap(({ device, values }) => {
    const numbers = parseDevice(device);
    if (numbers === undefined) return [];
    const count = (key: string) => parseInteger(values.get(key) ?? '0', 'io.stat');
    const [rbytes, wbytes, rios, wios] = [count('rbytes'), count('wbytes'), count('rios'), count('wios')];
    return [{ ...numbers, rbytes, wbytes, rios, wios }];
  });
}

function readHugePages(directory: CgroupDirectory): HugeTlbStat[] {
  const sizes = directory.names().flatMap((name) => /^hugetlb\.([^.]+)\.current$/.exec(name)?.[1] ?? []);
  return sizes.sort().map((pagesize) => ({
    current: directory.number(`hugetlb.${pagesize}.current`),
    max: directory.number(`hugetlb.${pagesize}.max`),
    pagesize,
    failcnt: directory.table(`hugetlb.${pagesize}.events`).get('max'),
  }));
}

/** Pressure stall information: psi.rst. Null where the kernel does not keep it. */
function readPressure(directory: CgroupDirectory, name: string): PSIStats | null {
  const text = directory.text(name);
  if (text === undefined) return null;
  const rows = parseNested(text);
  const row = (kind: string): PSIData | null => {
    const values = rows.find(({ device }) => device === kind)?.values;
    if (values === undefined) return null;
    const percent = (key: string) => Number(values.get(key) ?? 0);
    return {
      avg10: percent('avg10'),
      avg60: percent('avg60'),
      avg300: percent('avg300'),
      total: parseInteger(values.get('total') ?? '0', name),
    };
  };
  return { some: row('some'), full: row('full') };
}
