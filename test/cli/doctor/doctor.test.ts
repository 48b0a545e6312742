import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { examine, isGrave, report } from '../../../src/cli/doctor/doctor.js';
import { engineCheck, programChecks } from '../../../src/cli/doctor/host.js';
import { linuxChecks } from '../../../src/cli/doctor/linux.js';
import { inFolder } from '../../image/content/place.js';
import { notLinux } from '../../kernel/kernels.js';

suite('the doctor', () => {
  test('looks at this host', async () => {
    await inFolder(async (folder) => {
      const data = join(folder, 'data');
      const sections = await examine({ data, launcher: process.execPath, library: folder });
      const titles = sections.map(({ title }) => title);
      assert(titles.includes('program') && titles.includes('images'), titles.join());
      for (const check of sections.flatMap(({ checks }) => checks)) {
        assert.equal(check.ok, check.problem === undefined, check.name);
        assert.equal(check.ok, check.remedy === undefined, check.name);
        assert.doesNotMatch(`${check.name}${check.problem ?? ''}${check.remedy ?? ''}`, /\n/);
      }
    });
  });

  test('says what is wrong, and what to do', () => {
    const checks = [
      { name: 'a', ok: true },
      { name: 'b', ok: false, problem: 'is bad', remedy: 'mend b' },
      { name: 'c', ok: false, problem: 'is not there', remedy: 'get c', only: 'some' },
    ];
    assert.deepEqual(checks.map(isGrave), [false, true, false]);
    assert.equal(
      report([{ title: 'x', checks }]),
      [
        'x:',
        '  ok    a',
        '  WRONG b: is bad',
        '          do: mend b',
        '  note  c: is not there',
        '          only for: some',
        '          do: get c',
        '',
        '1 to be mended, 1 of use to some.',
        '',
      ].join('\n'),
    );
    assert.match(report([{ title: 'x', checks: [{ name: 'a', ok: true }] }]), /\nAll is well\.\n$/);
  });

  test('has the kernel called', () => {
    const { check, kernel } = engineCheck('koffi');
    assert.equal(check.ok, true);
    kernel?.close();
  });

  test('misses programs that were not installed', async () => {
    await inFolder((folder) => {
      const [launcher] = programChecks(`${folder}/bin/containerd-shim-runc-v2`, folder);
      assert.match(launcher?.problem ?? '', /ENOENT.*\/bin\/containerd-shim-runc-v2/);
      assert.equal(launcher?.remedy, `install it again: scripts/build && scripts/install --prefix ${folder}`);
      return Promise.resolve();
    });
  });

  test('knows what a Linux host lacks', { skip: notLinux }, async () => {
    await inFolder(async (folder) => {
      const [filesystems, mounts] = [join(folder, 'filesystems'), join(folder, 'mounts')];
      await writeFile(filesystems, 'nodev\tproc\n\text4\n');
      await writeFile(mounts, 'proc /proc proc rw 0 0\n');
      const features = (): Promise<never> => Promise.reject(new Error('no OCI runtime'));
      const lacking = await linuxChecks({ features, filesystems, mounts });
      assert.deepEqual(
        lacking.map(({ ok }) => ok),
        [false, false, false],
      );
      await writeFile(filesystems, 'nodev\toverlay\n');
      await writeFile(mounts, 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n');
      const well = await linuxChecks({ features: () => Promise.resolve({}), filesystems, mounts });
      assert.deepEqual(
        well.map(({ ok }) => ok),
        [true, true, true],
      );
    });
  });
});
