import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { CgroupGoneError } from '../../../src/oci-cli/cgroup/gone.js';
import { readMetrics } from '../../../src/oci-cli/cgroup/stats.js';
import { readStatsV1 } from '../../../src/oci-cli/cgroup/stats-v1.js';
import { unpack } from '../../../src/proto/any.js';
import { Metrics } from '../../../src/proto/generated/cgroups-v1.js';
import { makeV1, withoutV1 } from './host.js';
import { sampleCgroup, type Sample } from './sample.js';

// As Linux 6.18 writes it; every number is another one, so that no two can be mistaken for each other.
const memoryStat = `cache 101
rss 102
rss_huge 103
shmem 1
mapped_file 104
dirty 105
writeback 106
workingset_refault_anon 1
swap 1
pgpgin 107
pgpgout 108
pgfault 109
pgmajfault 110
inactive_anon 111
active_anon 112
inactive_file 113
active_file 114
unevictable 115
hierarchical_memory_limit 9223372036854771712
hierarchical_memsw_limit 116
total_cache 201
total_rss 202
total_rss_huge 203
total_shmem 1
total_mapped_file 204
total_dirty 205
total_writeback 206
total_pgpgin 207
total_pgpgout 208
total_pgfault 209
total_pgmajfault 210
total_inactive_anon 211
total_active_anon 212
total_inactive_file 213
total_active_file 214
total_unevictable 215
`;

const sample: Sample = {
  'pids/pids.current': '3\n',
  'pids/pids.max': '100\n',
  'cpu/cpu.stat': 'nr_periods 5\nnr_throttled 4\nthrottled_time 3\nnr_bursts 2\nburst_time 1\n',
  'cpuacct/cpuacct.usage': '987654321\n',
  'cpuacct/cpuacct.stat': 'user 17\nsystem 4\n',
  'cpuacct/cpuacct.usage_percpu': '11 22 \n',
  'memory/memory.stat': memoryStat,
  'memory/memory.oom_control': 'oom_kill_disable 1\nunder_oom 0\noom_kill 7\n',
  'memory/memory.usage_in_bytes': '301\n',
  'memory/memory.limit_in_bytes': '9223372036854771712\n',
  'memory/memory.max_usage_in_bytes': '302\n',
  'memory/memory.failcnt': '303\n',
  'memory/memory.kmem.usage_in_bytes': '304\n',
  'memory/memory.kmem.limit_in_bytes': '305\n',
  'memory/memory.kmem.max_usage_in_bytes': '306\n',
  'memory/memory.kmem.failcnt': '307\n',
  'blkio/blkio.throttle.io_service_bytes_recursive':
    '254:0 Read 4096\n254:0 Write 0\n254:0 Total 4096\nTotal 4096\n',
  'blkio/blkio.throttle.io_serviced': '254:0 Read 2\nTotal 2\n',
  'blkio/blkio.bfq.io_service_bytes_recursive': 'Total 0\n',
  'blkio/blkio.bfq.time_recursive': '8:16 77\nTotal 77\n',
  'hugetlb/hugetlb.2MB.usage_in_bytes': '401\n',
  'hugetlb/hugetlb.2MB.max_usage_in_bytes': '402\n',
  'hugetlb/hugetlb.2MB.failcnt': '403\n',
  'hugetlb/hugetlb.2MB.rsvd.usage_in_bytes': '1\n',
  'hugetlb/hugetlb.1GB.usage_in_bytes': '404\n',
  'rdma/rdma.current': 'mlx5_0 hca_handle=2 hca_object=2000\n',
  'rdma/rdma.max': 'mlx5_0 hca_handle=max hca_object=3000\n',
};

function sampleControllers(t: TestContext, files: Sample): Map<string, string> {
  const directory = sampleCgroup(t, files);
  const names = new Set(Object.keys(files).map((file) => file.split('/')[0] ?? ''));
  return new Map([...names].map((name) => [name, join(directory, name)]));
}

suite('figures of version 1', () => {
  test('come from all files', (t) => {
    const figures = readStatsV1(sampleControllers(t, sample));
    // Names of devices are those of this host.
    const io = JSON.parse(JSON.stringify(figures.blkio)) as Record<string, { device?: string }[]>;
    for (const entry of Object.values(io).flat()) delete entry.device;
    assert.deepEqual(io, {
      ioServiceBytesRecursive: [
        { op: 'Read', major: 254, minor: 0, value: 4096 },
        { op: 'Write', major: 254, minor: 0, value: 0 },
        { op: 'Total', major: 254, minor: 0, value: 4096 },
      ],
      ioServicedRecursive: [{ op: 'Read', major: 254, minor: 0, value: 2 }],
      ioQueuedRecursive: [],
      ioServiceTimeRecursive: [],
      ioWaitTimeRecursive: [],
      ioMergedRecursive: [],
      ioTimeRecursive: [{ op: '', major: 8, minor: 16, value: 77 }],
      sectorsRecursive: [],
    });
    assert.deepEqual(
      { ...figures, blkio: null },
      {
        hugetlb: [
          { usage: 404, max: 0, failcnt: 0, pagesize: '1GB' },
          { usage: 401, max: 402, failcnt: 403, pagesize: '2MB' },
        ],
        pids: { current: 3, limit: 100 },
        cpu: {
          usage: { total: 987654321, kernel: 40_000_000n, user: 170_000_000n, perCpu: [11, 22] },
          throttling: { periods: 5, throttledPeriods: 4, throttledTime: 3 },
        },
        memory: {
          ...{ cache: 101, rss: 102, rssHuge: 103, mappedFile: 104, dirty: 105, writeback: 106 },
          ...{ pgPgIn: 107, pgPgOut: 108, pgFault: 109, pgMajFault: 110 },
          ...{ inactiveAnon: 111, activeAnon: 112, inactiveFile: 113, activeFile: 114, unevictable: 115 },
          ...{ hierarchicalMemoryLimit: 9223372036854771712n, hierarchicalSwapLimit: 116 },
          ...{ totalCache: 201, totalRss: 202, totalRssHuge: 203, totalMappedFile: 204 },
          ...{ totalDirty: 205, totalWriteback: 206, totalPgPgIn: 207, totalPgPgOut: 208 },
          ...{ totalPgFault: 209, totalPgMajFault: 210, totalInactiveAnon: 211, totalActiveAnon: 212 },
          ...{ totalInactiveFile: 213, totalActiveFile: 214, totalUnevictable: 215 },
          usage: { limit: 9223372036854771712n, usage: 301, max: 302, failcnt: 303 },
          // Where swap is not accounted there are no memory.memsw files.
          swap: null,
          kernel: { limit: 305, usage: 304, max: 306, failcnt: 307 },
          kernelTcp: null,
        },
        blkio: null,
        rdma: {
          current: [{ device: 'mlx5_0', hcaHandles: 2, hcaObjects: 2000 }],
          limit: [{ device: 'mlx5_0', hcaHandles: 0xffff_ffff, hcaObjects: 3000 }],
        },
        network: [],
        cgroupStats: null,
        memoryOomControl: { oomKillDisable: 1, underOom: 0, oomKill: 7 },
      },
    );
  });

  test('have no limit of processes as 0', (t) => {
    const controllers = sampleControllers(t, { 'pids/pids.current': '1\n', 'pids/pids.max': 'max\n' });
    assert.deepEqual(readStatsV1(controllers).pids, { current: 1, limit: 0 });
  });

  test('are null without their controllers', (t) => {
    const figures = readStatsV1(sampleControllers(t, { 'cpu/cpu.stat': 'nr_periods 1\n' }));
    assert.deepEqual(figures, {
      hugetlb: [],
      pids: null,
      cpu: { usage: null, throttling: { periods: 1, throttledPeriods: 0, throttledTime: 0 } },
      memory: null,
      blkio: null,
      rdma: null,
      network: [],
      cgroupStats: null,
      memoryOomControl: null,
    });
  });

  for (const controller of ['memory', 'pids', 'cpu', 'cpuacct', 'blkio', 'hugetlb', 'rdma']) {
    test(`are an error when the ${controller} cgroup is gone`, () => {
      assert.throws(() => readStatsV1(new Map([[controller, '/nonexistent/c1']])), CgroupGoneError);
    });
  }
});

suite('figures of a real cgroup of version 1', { skip: withoutV1() }, () => {
  test('are what the kernel says', async () => {
    await using cgroup = makeV1();
    cgroup.set('memory', 'memory.limit_in_bytes', String(64 << 20));
    cgroup.set('pids', 'pids.max', '50');
    const child = cgroup.launch('dd', 'if=/dev/zero', 'of=/dev/null', 'bs=1M', 'count=500');
    child.go();
    await child.ended;
    const file = (controller: string, name: string): string =>
      readFileSync(join(cgroup.paths.controllers.get(controller) ?? '', name), 'utf8').trim();

    const before = BigInt(file('cpuacct', 'cpuacct.usage'));
    const stats = await readMetrics(cgroup.paths);
    assert.equal(stats.typeUrl, 'io.containerd.cgroups.v1.Metrics');
    const figures = unpack(Metrics, stats);
    assert.deepEqual(figures.pids, { current: 0, limit: 50 });
    assert.equal(figures.memory?.usage?.limit, 64 << 20);
    assert.equal(figures.memory.hierarchicalMemoryLimit, 64 << 20);
    // What is in use still shrinks after the processes have ended.
    assert.ok(figures.memory.usage.usage <= figures.memory.usage.max);
    assert.equal(figures.memory.usage.max, Number(file('memory', 'memory.max_usage_in_bytes')));
    assert.ok(figures.memory.usage.max > 0);
    assert.ok(Number(figures.memory.totalPgFault) > 0);
    assert.deepEqual(figures.memoryOomControl, { oomKillDisable: 0, underOom: 0, oomKill: 0 });
    const usage = figures.cpu?.usage;
    assert.ok(usage);
    assert.ok(BigInt(usage.total) >= before && before > 0n);
    assert.equal(usage.perCpu.length, file('cpuacct', 'cpuacct.usage_percpu').split(' ').length);
    assert.equal(
      usage.perCpu.reduce((sum: bigint, one) => sum + BigInt(one), 0n),
      BigInt(usage.total),
    );
    cgroup.launch('true');
    assert.deepEqual(unpack(Metrics, await readMetrics(cgroup.paths)).pids, { current: 1, limit: 50 });
  });

  test('are an error when it is gone', async () => {
    await using cgroup = makeV1();
    cgroup.remove();
    await assert.rejects(readMetrics(cgroup.paths), CgroupGoneError);
  });
});
