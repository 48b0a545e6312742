import type { Any } from '../../proto/generated/messages.js';
import type { Int64 } from '../../proto/int64.js';
import { pack } from '../../proto/any.js';
import { Metrics, type BlkIOEntry } from '../../proto/generated/cgroups-v1.js';
import { parseCount, parseTable, readCgroupFile } from './files.js';
/** Clock ticks of cpuacct.stat: USER_HZ is 100 on every Linux architecture that Node.js runs on (time(7)). */
const nanosecondsPerTick = 10_000_000;
/** The figures of version 1 controllers (Documentation/admin-guide/cgroup-v1). */
export function metricsV1(controllers: ReadonlyMap<string, string>): Any {
  const count = (controller: string, file: string) =>
    parseCount(readCgroupFile(controllers.get(controller), file));
  const table = (controller: string, file: string) =>
    parseTable(readCgroupFile(controllers.get(controller), file));
  const usage = (prefix: string) => ({
    limit: count('memory', `${prefix}.limit_in_bytes`),
    usage: count('memory', `${prefix}.usage_in_bytes`),
    max: count('memory', `${prefix}.max_usage_in_bytes`),
    failcnt: count('memory', `${prefix}.failcnt`),
  });
  const stat = table('memory', 'memory.stat');
  const oom = table('memory', 'memory.oom_control');
  const ticks = table('cpuacct', 'cpuacct.stat');
  const throttling = table('cpu', 'cpu.stat');
  const blkio = (file: string) => parseBlkio(readCgroupFile(controllers.get('blkio'), file));
  return pack(Metrics, {
    pids: { current: count('pids', 'pids.current'), limit: limitOf(count('pids', 'pids.max')) },
    cpu: {
      usage: {
        total: count('cpuacct', 'cpuacct.usage'),
        kernel: Number(ticks('system')) * nanosecondsPerTick,
        user: Number(ticks('user')) * nanosecondsPerTick,
        perCpu: (readCgroupFile(controllers.get('cpuacct'), 'cpuacct.usage_percpu') ?? '')
          .split(' ')
          .filter((field) => field.trim() !== '')
          .map((field) => parseCount(field)),
      },
      throttling: {
        periods: throttling('nr_periods'),
        throttledPeriods: throttling('nr_throttled'),
        throttledTime: throttling('throttled_time'),
      },
    },
    memory: {
      cache: stat('cache'),
      rss: stat('rss'),
      rssHuge: stat('rss_huge'),
      mappedFile: stat('mapped_file'),
      dirty: stat('dirty'),
      writeback: stat('writeback'),
      pgPgIn: stat('pgpgin'),
      pgPgOut: stat('pgpgout'),
      pgFault: stat('pgfault'),
      pgMajFault: stat('pgmajfault'),
      inactiveAnon: stat('inactive_anon'),
      activeAnon: stat('active_anon'),
      inactiveFile: stat('inactive_file'),
      activeFile: stat('active_file'),
      unevictable: stat('unevictable'),
      hierarchicalMemoryLimit: stat('hierarchical_memory_limit'),
      hierarchicalSwapLimit: stat('hierarchical_memsw_limit'),
      totalCache: stat('total_cache'),
      totalRss: stat('total_rss'),
      totalRssHuge: stat('total_rss_huge'),
      totalMappedFile: stat('total_mapped_file'),
      totalDirty: stat('total_dirty'),
      totalWriteback: stat('total_writeback'),
      totalPgPgIn: stat('total_pgpgin'),
      totalPgPgOut: stat('total_pgpgout'),
      totalPgFault: stat('total_pgfault'),
      totalPgMajFault: stat('total_pgmajfault'),
      totalInactiveAnon: stat('total_inactive_anon'),
      totalActiveAnon: stat('total_active_anon'),
      totalInactiveFile: stat('total_inactive_file'),
      totalActiveFile: stat('total_active_file'),
      totalUnevictable: stat('total_unevictable'),
      usage: usage('memory'),
      swap: usage('memory.memsw'),
      kernel: usage('memory.kmem'),
      kernelTcp: usage('memory.kmem.tcp'),
    },
    blkio: {
      ioServiceBytesRecursive: blkio('blkio.throttle.io_service_bytes_recursive'),
      ioServicedRecursive: blkio('blkio.throttle.io_serviced_recursive'),
      ioQueuedRecursive: blkio('blkio.io_queued_recursive'),
      ioServiceTimeRecursive: blkio('blkio.io_service_time_recursive'),
      ioWaitTimeRecursive: blkio('blkio.io_wait_time_recursive'),
      ioMergedRecursive: blkio('blkio.io_merged_recursive'),
      ioTimeRecursive: blkio('blkio.time_recursive'),
      sectorsRecursive: blkio('blkio.sectors_recursive'),
    },
    memoryOomControl: {
      oomKillDisable: oom('oom_kill_disable'),
      underOom: oom('under_oom'),
      oomKill: oom('oom_kill'),
    },
  });
}
/** No limit is 0 in the version 1 message. */
function limitOf(value: Int64): Int64 {
  return typeof value === 'bigint' ? 0 : value;
}
/** Lines `major:minor Operation value`, or without the operation; the line `Total value` is left out. */
export function parseBlkio(text: string | undefined): BlkIOEntry[] {
  return (text ?? '').split('\n').flatMap((line) => {
    const match = /^(\d+):(\d+) (?:([A-Za-z]+) )?(\d+)$/.exec(line);
    if (match === null) return [];
    const [, major = '0', minor = '0', op = '', value] = match;
    return [{ op, device: '', major: Number(major), minor: Number(minor), value: parseCount(value) }];
  });
}
