import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { selectBindings } from '../../../src/kernel/bindings/select.js';
import { BatchBuilder } from '../../../src/kernel/freebsd/batch-builder.js';
import {
  cpuMaskSize,
  formatCpus,
  joinCpuset,
  readCpus,
  setCpus,
} from '../../../src/kernel/freebsd/cpuset.js';
import {
  findKernelFile,
  findModule,
  loadModule,
  readKernelFile,
  requireModule,
} from '../../../src/kernel/freebsd/module.js';
import { openFreeBSD } from '../../../src/kernel/freebsd/open.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import {
  findSysctl,
  readSysctlInt,
  readSysctlText,
  writeSysctlInt,
} from '../../../src/kernel/freebsd/sysctl.js';
import type { Release } from '../../../src/kernel/bindings/types.js';
import { openModel } from '../../model/model.js';

const refusals: readonly [what: string, add: (b: BatchBuilder) => unknown, error: RegExp][] = [
  ['no processors', (b) => setCpus(b, { jid: 1 }, [], 32), /^RangeError: processors: none$/],
  ['processor -1', (b) => setCpus(b, { jid: 1 }, [-1], 32), /^RangeError: processor: -1 /],
  ['processor 256 of 256', (b) => setCpus(b, { jid: 1 }, [256], 32), /^RangeError: processor: 256 /],
  ['half a processor', (b) => setCpus(b, { jid: 1 }, [0.5], 32), /^RangeError: processor: 0.5 /],
  ['the host', (b) => setCpus(b, { jid: 0 }, [0], 32), /^RangeError: jid: 0 /],
  ['oneself', (b) => readCpus(b, { pid: -1 }, 32), /^RangeError: pid: -1 /],
  ['a mask of 12 bytes', (b) => readCpus(b, { jid: 1 }, 12), /^RangeError: cpuset: 12 bytes/],
  ['a mask of 136 bytes', (b) => readCpus(b, { jid: 1 }, 136), /^RangeError: bytes of a cpuset: 136 /],
  ['set -1', (b) => joinCpuset(b, 1, -1), /^RangeError: cpuset: -1 /],
  ['a module without a name', (b) => loadModule(b, ''), /^RangeError: module: empty$/],
  [
    'a module by a path',
    (b) => loadModule(b, '/tmp/evil.ko'),
    /^RangeError: module: '\/tmp\/evil.ko' is no name/,
  ],
  ['a module above', (b) => loadModule(b, '../evil'), /^RangeError: module: '..\/evil' is no name/],
  ['a module with a NUL', (b) => findModule(b, 'a\0b'), /^RangeError: module: contains a NUL$/],
  ['a module of 1024 bytes', (b) => findKernelFile(b, 'm'.repeat(1024)), /^RangeError: module: 1024 bytes/],
  ['file 0', (b) => readKernelFile(b, 0), /^RangeError: file: 0 /],
  ['a sysctl without a name', (b) => findSysctl(b, ''), /^RangeError: sysctl: empty$/],
  ['a sysctl with a NUL', (b) => readSysctlInt(b, 'kern\0'), /^RangeError: sysctl: contains a NUL$/],
  [
    'a sysctl of 25 parts',
    (b) => readSysctlText(b, 'a.'.repeat(24) + 'a'),
    /^RangeError: parts of sysctl .*: 25 /,
  ],
  ['an int of 33 bits', (b) => writeSysctlInt(b, 'kern.x', 2 ** 32), /^RangeError: kern.x: 4294967296 /],
];

describe('what cannot be asked of processors, modules and sysctls', () => {
  for (const [what, add, error] of refusals) {
    it(`is refused before any call: ${what}`, () => {
      const b = new BatchBuilder(selectBindings(1_401_000, 'amd64'));
      assert.throws(() => add(b), error);
      assert.deepEqual(b.batch().calls, []);
    });
  }
});

describe('processors in words', () => {
  for (const [cpus, text] of [
    [[], ''],
    [[0], '0'],
    [[3, 1, 2, 0, 7, 3], '0-3,7'],
    [[0, 2, 4, 5], '0,2,4-5'],
  ] as const) {
    it(`[${cpus.join(' ')}] are '${text}'`, () => {
      assert.equal(formatCpus(cpus), text);
    });
  }

  it('are named when they are refused', async () => {
    const { freebsd } = openModel(12);
    assert.equal(await cpuMaskSize(freebsd), 32);
    await assert.rejects(
      run(freebsd, (b) => setCpus(b, { jid: 7 }, [0, 1, 3], 32)),
      /^KernelError: cpuset_setaffinity: processors 0-1,3 of jail 7: ESRCH$/,
    );
  });
});

describe('modules', () => {
  it('are loaded once, and have their file then', async () => {
    const { freebsd } = openModel(14, { loadable: ['zfs'] });
    assert.equal(await requireModule(freebsd, 'zfs'), 'loaded');
    assert.equal(await requireModule(freebsd, 'zfs'), 'there');
    const id = await run(freebsd, (b) => findKernelFile(b, 'zfs'));
    const { name, path } = await run(freebsd, (b) => readKernelFile(b, id));
    assert.deepEqual([name, path], ['zfs.ko', '/boot/kernel/zfs.ko']);
    await run(freebsd, (b) => [findModule(b, 'zfs'), findSysctl(b, 'security.jail.param.allow.mount.zfs')]);
  });

  it('that are not there are an error that names them', async () => {
    const { freebsd } = openModel(14, { loadable: [] });
    await assert.rejects(requireModule(freebsd, 'zfs'), /^KernelError: kldload: module zfs: ENOENT$/);
  });

  it('are known to the kernel without a file, if they are compiled in', async () => {
    const { freebsd } = openModel(14);
    assert.ok((await run(freebsd, (b) => findModule(b, 'pf'))) > 0);
    const finding = run(freebsd, (b) => findKernelFile(b, 'pf'));
    await assert.rejects(finding, /^KernelError: kldfind: module pf: ENOENT$/);
  });
});

describe('the release of a kernel', () => {
  for (const release of [12, 13, 14, 15] as const) {
    it(`${release} has its own bindings`, async () => {
      const { kernel } = openModel(release);
      const { bindings } = await openFreeBSD(kernel, 'amd64');
      assert.deepEqual([bindings.release, bindings.arch], [release, 'amd64']);
    });
  }

  it('is refused if there are no bindings for it, or for the processor', async () => {
    const { kernel } = openModel(14, { osreldate: 1_600_001 });
    await assert.rejects(
      openFreeBSD(kernel, 'amd64'),
      /^Error: FreeBSD 16 on amd64 \(kern.osreldate 1600001\) is not supported: there are bindings for 12\/amd64, /,
    );
    const known: Release = 14;
    await assert.rejects(
      openFreeBSD(openModel(known).kernel, 'riscv64'),
      /FreeBSD 14 on riscv64 .* is not supported/,
    );
  });

  it('is not asked of another kernel', async () => {
    const { kernel } = openModel(14);
    const linux = { platform: 'linux', run: kernel.run.bind(kernel), close: () => undefined } as const;
    await assert.rejects(openFreeBSD(linux, 'x64'), /^Error: this kernel is no FreeBSD, but linux$/);
  });

  it('cannot be told if the call fails', async () => {
    const { faults, kernel } = openModel(14);
    faults.failNth(1, 'EPERM');
    await assert.rejects(openFreeBSD(kernel, 'amd64'), /^KernelError: sysctl: kern.osreldate: EPERM$/);
  });
});
