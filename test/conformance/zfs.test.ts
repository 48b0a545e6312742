import assert from 'node:assert/strict';
import { mount } from '../../src/kernel/freebsd/mount.js';
import { listMounts } from '../../src/kernel/freebsd/mounts.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { findSysctl } from '../../src/kernel/freebsd/sysctl.js';
import type { Case } from './harness/case.js';
import { group } from './harness/group.js';
import { mountedAt, of, refusesMount } from './harness/mounts.js';
import { codeOf, jailed } from './harness/processes.js';
import { text } from './harness/raw.js';

const unknown = ['from', text('no_such_pool/data')] as const;

group(
  'zfs that is not there',
  'observed on 12.1: nmount 218, 295, 296',
  (states) => {
    states('a mount is ENODEV, without a word', async (c) => {
      await refusesMount(c, of('zfs', await c.makeFolder('m'), [...unknown]), 'ENODEV');
    });

    states('jails have no parameter of it', async (c) => {
      await c.refused('ENOENT', (b) => findSysctl(b, 'security.jail.param.allow.mount.zfs'));
      await assert.rejects(
        c.jail({ 'allow.mount.zfs': true }),
        /EINVAL unknown parameter: allow\.mount\.zfs$/,
      );
    });
  },
  { needs: ['no zfs'] },
);

group(
  'zfs',
  'zfs_mount() and zfsvfs_create() of OpenZFS, zfs_vfsops.c',
  (states) => {
    states('a mount of nothing is EINVAL, without a word', async (c) => {
      await refusesMount(c, of('zfs', await c.makeFolder('m')), 'EINVAL');
    });

    states('a data set that is not there is ENOENT, without a word', async (c) => {
      await refusesMount(c, of('zfs', await c.makeFolder('m'), [...unknown]), 'ENOENT');
    });

    states('on a file it is ENOTDIR', async (c) => {
      await refusesMount(c, of('zfs', await c.makeFile('f'), [...unknown]), 'ENOTDIR');
    });

    states('an error says what it was about', async (c) => {
      const target = await c.makeFolder('m');
      await assert.rejects(
        c.run((b) => mount(b, { type: 'zfs', target, from: 'no_such_pool/data' })),
        { message: `nmount: zfs on ${target}: ENOENT` },
      );
    });

    states('jails have a parameter of it', async (c) => {
      await c.run((b) => findSysctl(b, 'security.jail.param.allow.mount.zfs'));
      await c.jail({ 'allow.mount.zfs': true });
    });

    states(
      'in a jail it is EPERM: with the permission too, if the data set is not the jail’s',
      async (c) => {
        const allowed = { 'allow.mount': true, enforce_statfs: 1 } as const;
        for (const more of [{}, { 'allow.mount.zfs': true }]) {
          const jid = await c.jail({ ...allowed, ...more });
          const { system } = await jailed(c, jid);
          const target = await c.makeFolder(`m${jid}`);
          const mounting = run(system, (b) => mount(b, { type: 'zfs', target, from: 'no_such_pool/data' }));
          assert.equal(await codeOf(mounting), 'EPERM');
        }
      },
      { needs: ['processes'] },
    );

    states(
      'a data set that is mounted is EBUSY elsewhere',
      async (c) => {
        const { from, on } = await mountedDataSet(c);
        await refusesMount(c, of('zfs', await c.makeFolder('m'), ['from', text(from)]), 'EBUSY');
        assert.deepEqual((await mountedAt(c, on)).from, from);
      },
      { needs: ['mounted data set'] },
    );
  },
  { needs: ['zfs'] },
);

async function mountedDataSet(c: Case): Promise<{ readonly from: string; readonly on: string }> {
  return (await listMounts(c.system)).find(({ type }) => type === 'zfs') ?? assert.fail('no data set');
}
