import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { kernelChecks } from '../../../src/cli/doctor/freebsd.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { writeSysctlInt } from '../../../src/kernel/freebsd/sysctl.js';
import { inFolder } from '../../image/content/place.js';
import { openModel } from '../../model/model.js';
import { standardModules } from '../../model/system.js';

const all = [...standardModules, 'linux64'];

suite('what the doctor sees of a FreeBSD kernel', () => {
  test('all is well where all was done', async () => {
    for (const release of [12, 14, 15] as const) {
      const { freebsd } = openModel(release, { modules: all });
      await run(freebsd, (b) => writeSysctlInt(b, 'kern.elf64.fallback_brand', 3));
      const checks = await kernelChecks(freebsd, []);
      assert.deepEqual(
        checks.filter(({ ok }) => !ok),
        [],
        `FreeBSD ${release}`,
      );
    }
  });

  test('each shortfall comes with the line that mends it, and with who needs it', async () => {
    const { freebsd } = openModel(14, { modules: ['ufs', 'devfs', 'tmpfs', 'fdescfs'], accounting: false });
    const wrong = (await kernelChecks(freebsd, ['/nowhere'])).filter(({ ok }) => !ok);
    assert.deepEqual(
      wrong.map(({ name, only }) => [name, only !== undefined]),
      [
        ['module nullfs', false],
        ['accounting', true],
        ['module linux64', true],
        ['module linprocfs', true],
        ['module linsysfs', true],
        ['brand of static programs', true],
      ],
    );
    const remedies = new Map(wrong.map(({ name, remedy }) => [name, remedy]));
    assert.equal(
      remedies.get('module nullfs'),
      'add nullfs_load="YES" to /boot/loader.conf, and reboot; for now: kldload nullfs',
    );
    assert.equal(remedies.get('accounting'), 'add kern.racct.enable=1 to /boot/loader.conf, and reboot');
    assert.match(
      remedies.get('brand of static programs') ?? '',
      /kern\.elf64\.fallback_brand=3 to \/etc\/sysctl\.conf/,
    );
  });

  test('a module that can be loaded when it is needed is no shortfall, unless the kernel takes none any more', async () => {
    await inFolder(async (folder) => {
      const { freebsd } = openModel(14, { modules: all.filter((name) => name !== 'nullfs') });
      const nullfs = async (): Promise<string | undefined> =>
        (await kernelChecks(freebsd, [folder])).find(({ name }) => name === 'module nullfs')?.problem;
      assert.match((await nullfs()) ?? '', /no nullfs\.ko is in/);
      await writeFile(join(folder, 'nullfs.ko'), '');
      assert.equal(await nullfs(), undefined);
      await run(freebsd, (b) => writeSysctlInt(b, 'kern.securelevel', 1));
      assert.match((await nullfs()) ?? '', /kern\.securelevel/);
    });
  });
});
