import assert from 'node:assert/strict';
import {
  findKernelFile,
  findModule,
  loadModule,
  readKernelFile,
  requireModule,
} from '../../src/kernel/freebsd/module.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { group } from './harness/group.js';
import { codeOf, errorOf, jailed, member } from './harness/processes.js';
import { call } from './harness/raw.js';

// Nothing is loaded: what a kernel has loaded it keeps.

group('kldload(2)', 'observed on 12.1: S1 to S3', (states) => {
  states('what does not exist is ENOENT, an empty name and a path too', async (c) => {
    await c.refused('ENOENT', (b) => loadModule(b, 'no_such_module'));
    for (const path of ['', '/boot/kernel/no_such_module.ko']) {
      const { error } = await call(c.system.kernel, 'kldload', (a) => [{ arena: a.text(path, 'path') }]);
      assert.equal(error, 'ENOENT', path);
    }
  });

  states(
    'what is in the kernel is EEXIST, compiled in or not: it is there',
    async (c) => {
      for (const name of ['if_epair', 'if_bridge']) {
        await c.refused('EEXIST', (b) => loadModule(b, name));
        assert.equal(await requireModule(c.system, name), 'there');
      }
    },
    { needs: ['epair', 'bridge'] },
  );

  states(
    'in a jail, and for users, it is EPERM',
    async (c) => {
      const user = await member(c);
      assert.equal(await errorOf(user, 'setuid', 1001), '');
      for (const { system } of [user, await jailed(c, await c.jail())]) {
        assert.equal(await codeOf(run(system, (b) => loadModule(b, 'no_such_module'))), 'EPERM');
      }
    },
    { needs: ['processes'] },
  );
});

group('modfind(2), kldfind(2) and kldstat(2)', 'observed on 12.1: S4, S5', (states) => {
  states(
    'a module is found by its name, one that is not there is ENOENT',
    async (c) => {
      for (const name of ['if_bridge', 'if_epair']) assert.ok((await c.run((b) => findModule(b, name))) > 0);
      await c.refused('ENOENT', (b) => findModule(b, 'no_such_module'));
    },
    { needs: ['epair', 'bridge'] },
  );

  states('the kernel itself is file 1', async (c) => {
    assert.equal(await c.run((b) => findKernelFile(b, 'kernel')), 1);
    const { id, name, bytes } = await c.run((b) => readKernelFile(b, 1));
    assert.deepEqual([id, name], [1, 'kernel']);
    assert.ok(bytes > 0n);
    await c.refused('ENOENT', (b) => findKernelFile(b, 'no_such_module'));
    await c.refused('ENOENT', (b) => readKernelFile(b, 0x7fff_ffff));
  });

  states(
    'the structure says its own size, or it is EINVAL',
    async (c) => {
      const { size } = c.system.bindings.layouts.kld_file_stat;
      const { error } = await call(c.system.kernel, 'kldstat', (a) => [1, { arena: a.reserve(size) }]);
      assert.equal(error, 'EINVAL');
    },
    { fact: 'kldstat(2)' },
  );
});
