import type {
  CPUStat,
  HugetlbStat,
  MemoryEntry,
  MemoryOomControl,
  MemoryStat,
  Metrics,
  PidsStat,
} from '../../proto/generated/cgroups-v1.js';
import { readBlockIo } from './blkio.js';
import { cgroupDirectory, type CgroupDirectory } from './directory.js';
import { parseInteger } from './parse.js';
import { readRdma } from './rdma.js';

// cpuacct.stat counts in USER_HZ, which is 100 for programs on every architecture that Node.js runs on.
const nanosecondsPerTick = 10_000_000n;

/**
 * The figures of a cgroup of version 1, from the files that the kernel's cgroup-v1/*.rst describe. What belongs to
 * controllers that are not mounted is null.
 *
 * @throws CgroupGoneError
 */
export function readStatsV1(controllers: ReadonlyMap<string, string>): Metrics {
  const opened: CgroupDirectory[] = [];
  const of = <T>(controller: string, read: (directory: CgroupDirectory) => T): T | null => {
    const path = controllers.get(controller);
    if (path === undefined) return null;
    const directory = cgroupDirectory(path);
    opened.push(directory);
    const figures = read(directory);
    directory.check();
    return figures;
  };
  return {
    hugetlb: of('hugetlb', readHugePages) ?? [],
    pids: of('pids', readPidsStat),
    cpu: readCpu(of),
    memory: of('memory', readMemory),
    blkio: of('blkio', readBlockIo),
    rdma: of('rdma', readRdma),
    network: [],
    cgroupStats: null,
    memoryOomControl: of('memory', readOomControl),
  };
}

type Of = <T>(controller: string, read: (directory: CgroupDirectory) => T) => T | null;

// No limit is 0 here, not the largest number as in version 2: so containerd's own figures have it.
function readPidsStat(directory: CgroupDirectory): PidsStat {
  const limit = directory.text('pids.max') ?? 'max';
  return {
    current: directory.number('pids.current'),
    limit: limit.trim() === 'max' ? 0 : parseInteger(limit, 'pids.max'),
  };
}

function readCpu(of: Of): CPUStat | null {
  const usage = of('cpuacct', (directory) => {
    const stat = directory.table('cpuacct.stat');
    const perCpu = (directory.text('cpuacct.usage_percpu') ?? '').split(/\s+/).filter((text) => text !== '');
    return {
      total: directory.number('cpuacct.usage'),
      kernel: BigInt(stat.get('system')) * nanosecondsPerTick,
      user: BigInt(stat.get('user')) * nanosecondsPerTick,
      perCpu: perCpu.map((text) => parseInteger(text, 'cpuacct.usage_percpu')),
    };
  });
  const throttling = of('cpu', (directory) => {
    const stat = directory.table('cpu.stat');
    return {
      periods: stat.get('nr_periods'),
      throttledPeriods: stat.get('nr_throttled'),
      throttledTime: stat.get('throttled_time'),
    };
  });
  return usage === null && throttling === null ? null : { usage, throttling };
}

function readMemory(directory: CgroupDirectory): MemoryStat {
  const stat = directory.table('memory.stat');
  return {
    cache: stat.get('cache'),
    rss: stat.get('rss'),
    rssHuge: stat.get('rss_huge'),
    mappedFile: stat.get('mapped_file'),
    dirty: stat.get('dirty'),
    writeback: stat.get('writeback'),
    pgPgIn: stat.get('pgpgin'),
    pgPgOut: stat.get('pgpgout'),
    pgFault: stat.get('pgfault'),
    pgMajFault: stat.get('pgmajfault'),
    inactiveAnon: stat.get('inactive_anon'),
    activeAnon: stat.get('active_anon'),
    inactiveFile: stat.get('inactive_file'),
    activeFile: stat.get('active_file'),
    unevictable: stat.get('unevictable'),
    hierarchicalMemoryLimit: stat.get('hierarchical_memory_limit'),
    hierarchicalSwapLimit: stat.get('hierarchical_memsw_limit'),
    totalCache: stat.get('total_cache'),
    totalRss: stat.get('total_rss'),
    totalRssHuge: stat.get('total_rss_huge'),
    totalMappedFile: stat.get('total_mapped_file'),
    totalDirty: stat.get('total_dirty'),
    totalWriteback: stat.get('total_writeback'),
    totalPgPgIn: stat.get('total_pgpgin'),
    totalPgPgOut: stat.get('total_pgpgout'),
    totalPgFault: stat.get('total_pgfault'),
    totalPgMajFault: stat.get('total_pgmajfault'),
    totalInactiveAnon: stat.get('total_inactive_anon'),
    totalActiveAnon: stat.get('total_active_anon'),
    totalInactiveFile: stat.get('total_inactive_file'),
    totalActiveFile: stat.get('total_active_file'),
    totalUnevictable: stat.get('total_unevictable'),
    usage: readEntry(directory, 'memory'),
    swap: readEntry(directory, 'memory.memsw'),
    kernel: readEntry(directory, 'memory.kmem'),
    kernelTcp: readEntry(directory, 'memory.kmem.tcp'),
  };
}

function readEntry(directory: CgroupDirectory, prefix: string): MemoryEntry | null {
  const usage = directory.text(`${prefix}.usage_in_bytes`);
  if (usage === undefined) return null;
  return {
    limit: directory.number(`${prefix}.limit_in_bytes`),
    usage: parseInteger(usage, `${prefix}.usage_in_bytes`),
    max: directory.number(`${prefix}.max_usage_in_bytes`),
    failcnt: directory.number(`${prefix}.failcnt`),
  };
}

function readOomControl(directory: CgroupDirectory): MemoryOomControl {
  const control = directory.table('memory.oom_control');
  return {
    oomKillDisable: control.get('oom_kill_disable'),
    underOom: control.get('under_oom'),
    oomKill: control.get('oom_kill'),
  };
}

function readHugePages(directory: CgroupDirectory): HugetlbStat[] {
  const sizes = directory
    .names()
    .flatMap((name) => /^hugetlb\.([^.]+)\.usage_in_bytes$/.exec(name)?.[1] ?? []);
  return sizes.sort().map((pagesize) => ({
    usage: directory.number(`hugetlb.${pagesize}.usage_in_bytes`),
    max: directory.number(`hugetlb.${pagesize}.max_usage_in_bytes`),
    failcnt: directory.number(`hugetlb.${pagesize}.failcnt`),
    pagesize,
  }));
}
