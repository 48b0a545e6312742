import type { Any } from '../../proto/generated/messages.js';
import { pack } from '../../proto/any.js';
import { Metrics, type IOEntry } from '../../proto/generated/cgroups-v2.js';
import { parseCount, parseTable, readCgroupFile } from './files.js';
/** The figures of a version 2 cgroup (Documentation/admin-guide/cgroup-v2.rst). */
export function metricsV2(folder: string): Any {
  const count = (file: string) => parseCount(readCgroupFile(folder, file));
  const table = (file: string) => parseTable(readCgroupFile(folder, file));
  const cpu = table('cpu.stat');
  const stat = table('memory.stat');
  const events = table('memory.events');
  return pack(Metrics, {
    pids: { current: count('pids.current'), limit: count('pids.max') },
    cpu: {
      usageUsec: cpu('usage_usec'),
      userUsec: cpu('user_usec'),
      systemUsec: cpu('system_usec'),
      nrPeriods: cpu('nr_periods'),
      nrThrottled: cpu('nr_throttled'),
      throttledUsec: cpu('throttled_usec'),
      psi: null,
      nrBursts: cpu('nr_bursts'),
      burstUsec: cpu('burst_usec'),
    },
    memory: {
      anon: stat('anon'),
      file: stat('file'),
      kernelStack: stat('kernel_stack'),
      slab: stat('slab'),
      sock: stat('sock'),
      shmem: stat('shmem'),
      fileMapped: stat('file_mapped'),
      fileDirty: stat('file_dirty'),
      fileWriteback: stat('file_writeback'),
      anonThp: stat('anon_thp'),
      inactiveAnon: stat('inactive_anon'),
      activeAnon: stat('active_anon'),
      inactiveFile: stat('inactive_file'),
      activeFile: stat('active_file'),
      unevictable: stat('unevictable'),
      slabReclaimable: stat('slab_reclaimable'),
      slabUnreclaimable: stat('slab_unreclaimable'),
      pgfault: stat('pgfault'),
      pgmajfault: stat('pgmajfault'),
      workingsetRefault: stat('workingset_refault'),
      workingsetActivate: stat('workingset_activate'),
      workingsetNodereclaim: stat('workingset_nodereclaim'),
      pgrefill: stat('pgrefill'),
      pgscan: stat('pgscan'),
      pgsteal: stat('pgsteal'),
      pgactivate: stat('pgactivate'),
      pgdeactivate: stat('pgdeactivate'),
      pglazyfree: stat('pglazyfree'),
      pglazyfreed: stat('pglazyfreed'),
      thpFaultAlloc: stat('thp_fault_alloc'),
      thpCollapseAlloc: stat('thp_collapse_alloc'),
      usage: count('memory.current'),
      usageLimit: count('memory.max'),
      swapUsage: count('memory.swap.current'),
      swapLimit: count('memory.swap.max'),
      maxUsage: count('memory.peak'),
      swapMaxUsage: count('memory.swap.peak'),
      psi: null,
    },
    io: { usage: parseIo(readCgroupFile(folder, 'io.stat')), psi: null },
    memoryEvents: {
      low: events('low'),
      high: events('high'),
      max: events('max'),
      oom: events('oom'),
      oomKill: events('oom_kill'),
      oomGroupKill: events('oom_group_kill'),
    },
  });
}
/** Lines `major:minor rbytes=… wbytes=… rios=… wios=…`. */
export function parseIo(text: string | undefined): IOEntry[] {
  return (text ?? '').split('\n').flatMap((line) => {
    const device = /^(\d+):(\d+) /.exec(line);
    if (device === null) return [];
    const fields = new Map(
      line.split(' ').map((field) => {
        const [name, text] = field.split('=');
        return [name, text] as const;
      }),
    );
    const value = (name: string) => parseCount(fields.get(name));
    return [
      {
        major: Number(device[1]),
        minor: Number(device[2]),
        rbytes: value('rbytes'),
        wbytes: value('wbytes'),
        rios: value('rios'),
        wios: value('wios'),
      },
    ];
  });
}
