import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { CgroupGoneError } from '../../../src/oci-cli/cgroup/gone.js';
import { readMetrics } from '../../../src/oci-cli/cgroup/stats.js';
import { readStatsV2 } from '../../../src/oci-cli/cgroup/stats-v2.js';
import { unpack } from '../../../src/proto/any.js';
import { Metrics, PidsStat } from '../../../src/proto/generated/cgroups-v2.js';
import { UINT64_MAX } from '../../../src/proto/int64.js';
import { makeV2, withoutV2 } from './host.js';
import { sampleCgroup, type Sample } from './sample.js';

const pressure = (start: number): string =>
  `some avg10=${start}.25 avg60=0.50 avg300=99.99 total=${start}1\n` +
  `full avg10=0.00 avg60=1.50 avg300=0.00 total=${start}2\n`;
const stall = (start: number) => ({
  some: { avg10: start + 0.25, avg60: 0.5, avg300: 99.99, total: 10 * start + 1 },
  full: { avg10: 0, avg60: 1.5, avg300: 0, total: 10 * start + 2 },
});

// As Linux 6.1 writes it, shortened; every number is another one.
const sample: Sample = {
  'pids.current': '3\n',
  'pids.max': 'max\n',
  'cpu.stat':
    'usage_usec 501\nuser_usec 502\nsystem_usec 503\nnice_usec 1\ncore_sched.force_idle_usec 1\n' +
    'nr_periods 504\nnr_throttled 505\nthrottled_usec 506\nnr_bursts 507\nburst_usec 508\n',
  'cpu.pressure': pressure(1),
  'memory.current': '601\n',
  'memory.max': '67108864\n',
  'memory.peak': '602\n',
  'memory.swap.current': '603\n',
  'memory.swap.max': 'max\n',
  'memory.swap.peak': '604\n',
  'memory.pressure': pressure(2),
  'memory.events': 'low 701\nhigh 702\nmax 703\noom 704\noom_kill 705\noom_group_kill 706\n',
  'memory.stat': `anon 101
file 102
kernel 1
kernel_stack 103
pagetables 1
sock 105
shmem 106
file_mapped 107
file_dirty 108
file_writeback 109
anon_thp 110
inactive_anon 111
active_anon 112
inactive_file 113
active_file 114
unevictable 115
slab_reclaimable 116
slab_unreclaimable 117
slab 104
workingset_refault_anon 20
workingset_refault_file 100
workingset_activate_anon 21
workingset_activate_file 100
workingset_nodereclaim 122
pgscan 124
pgsteal 125
pgfault 118
pgmajfault 119
pgrefill 123
pgactivate 126
pgdeactivate 127
pglazyfree 128
pglazyfreed 129
thp_fault_alloc 130
thp_collapse_alloc 131
`,
  'io.stat': '254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:16 rbytes=7\n7:0 \n',
  'io.pressure': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=18446744073709551615\n',
  'hugetlb.2MB.current': '801\n',
  'hugetlb.2MB.max': 'max\n',
  'hugetlb.2MB.events': 'max 802\n',
  'hugetlb.2MB.rsvd.current': '1\n',
  'rdma.current': 'mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=max\n',
  'rdma.max': 'mlx4_0 hca_handle=2 hca_object=2000\n',
};

suite('figures of version 2', () => {
  test('come from all files', (t) => {
    assert.deepEqual(readStatsV2(sampleCgroup(t, sample)), {
      pids: { current: 3, limit: UINT64_MAX },
      cpu: {
        ...{ usageUsec: 501, userUsec: 502, systemUsec: 503, nrPeriods: 504, nrThrottled: 505 },
        ...{ throttledUsec: 506, nrBursts: 507, burstUsec: 508, psi: stall(1) },
      },
      memory: {
        ...{ anon: 101, file: 102, kernelStack: 103, slab: 104, sock: 105, shmem: 106, fileMapped: 107 },
        ...{ fileDirty: 108, fileWriteback: 109, anonThp: 110, inactiveAnon: 111, activeAnon: 112 },
        ...{ inactiveFile: 113, activeFile: 114, unevictable: 115, slabReclaimable: 116 },
        ...{ slabUnreclaimable: 117, pgfault: 118, pgmajfault: 119 },
        ...{ workingsetRefault: 120n, workingsetActivate: 121n, workingsetNodereclaim: 122 },
        ...{ pgrefill: 123, pgscan: 124, pgsteal: 125, pgactivate: 126, pgdeactivate: 127 },
        ...{ pglazyfree: 128, pglazyfreed: 129, thpFaultAlloc: 130, thpCollapseAlloc: 131 },
        ...{ usage: 601, usageLimit: 67108864, swapUsage: 603, swapLimit: UINT64_MAX },
        ...{ maxUsage: 602, swapMaxUsage: 604, psi: stall(2) },
      },
      rdma: {
        current: [
          { device: 'mlx4_0', hcaHandles: 2, hcaObjects: 2000 },
          { device: 'ocrdma1', hcaHandles: 3, hcaObjects: 0xffff_ffff },
        ],
        limit: [{ device: 'mlx4_0', hcaHandles: 2, hcaObjects: 2000 }],
      },
      io: {
        usage: [
          { major: 254, minor: 0, rbytes: 1, wbytes: 2, rios: 3, wios: 4 },
          { major: 8, minor: 16, rbytes: 7, wbytes: 0, rios: 0, wios: 0 },
          { major: 7, minor: 0, rbytes: 0, wbytes: 0, rios: 0, wios: 0 },
        ],
        psi: { some: { avg10: 0, avg60: 0, avg300: 0, total: UINT64_MAX }, full: null },
      },
      hugetlb: [{ current: 801, max: UINT64_MAX, pagesize: '2MB', failcnt: 802 }],
      memoryEvents: { low: 701, high: 702, max: 703, oom: 704, oomKill: 705, oomGroupKill: 706 },
      network: [],
    });
  });

  test('take counters that older kernels do not split', (t) => {
    const figures = readStatsV2(
      sampleCgroup(t, { 'memory.stat': 'workingset_refault 5\nworkingset_activate 6\n' }),
    );
    assert.equal(figures.memory?.workingsetRefault, 5n);
    assert.equal(figures.memory.workingsetActivate, 6n);
  });

  test('have processes, CPU and memory also without controllers', (t) => {
    const { pids, cpu, memory, ...others } = readStatsV2(sampleCgroup(t, { 'cgroup.procs': '' }));
    assert.deepEqual(pids, { current: 0, limit: 0 });
    assert.equal(cpu?.usageUsec, 0);
    assert.equal(memory?.usage, 0);
    assert.deepEqual(others, {
      rdma: null,
      io: { usage: [], psi: null },
      hugetlb: [],
      memoryEvents: null,
      network: [],
    });
  });

  test('have "max" as the largest number on the wire', async (t) => {
    const unified = sampleCgroup(t, { 'pids.current': '1\n', 'pids.max': 'max\n' });
    const stats = await readMetrics({ mode: 'v2', controllers: new Map(), unified });
    assert.equal(stats.typeUrl, 'io.containerd.cgroups.v2.Metrics');
    const figures = unpack(Metrics, stats);
    assert.ok(figures.pids);
    assert.equal(Buffer.from(PidsStat.encode(figures.pids)).toString('hex'), '080110ffffffffffffffffff01');
  });

  test('are an error when the cgroup is gone', async () => {
    const paths = { mode: 'v2', controllers: new Map<string, string>(), unified: '/nonexistent/c1' } as const;
    await assert.rejects(readMetrics(paths), CgroupGoneError);
  });
});

test('figures of a real cgroup of version 2', { skip: withoutV2() }, async () => {
  await using cgroup = makeV2();
  const child = cgroup.launch('dd', 'if=/dev/zero', 'of=/dev/null', 'count=100000');
  child.go();
  await child.ended;
  const figures = unpack(Metrics, await readMetrics(cgroup.paths));
  assert.ok(Number(figures.cpu?.usageUsec) > 0);
  cgroup.remove();
  await assert.rejects(readMetrics(cgroup.paths), CgroupGoneError);
});
