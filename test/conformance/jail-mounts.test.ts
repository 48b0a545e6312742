import assert from 'node:assert/strict';
import { setJail } from '../../src/kernel/freebsd/jail.js';
import type { JailParameters } from '../../src/kernel/freebsd/jail-parameters.js';
import { mount, unmount, updateMount } from '../../src/kernel/freebsd/mount.js';
import { fileSystemAt, listMounts } from '../../src/kernel/freebsd/mounts.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, type On } from './harness/group.js';
import { mountedAt, mounts, of, unmountRaw } from './harness/mounts.js';
import { codeOf, errorOf, jailed, type Member } from './harness/processes.js';
import { callWithOptions, text } from './harness/raw.js';

const needs: On = { needs: ['processes'] };

interface Inside extends Member {
  readonly jid: number;
  /** The root of the jail: a tmpfs of its own, as mounts of the host have no id that tells them apart. */
  readonly root: string;
}

/** A process in a jail on a tmpfs with folders /a and /tmp, and a tmpfs of the host on /tmp. */
async function inside(c: Case, parameters: JailParameters): Promise<Inside> {
  const root = await c.makeFolder('root');
  await mounts(c, of('tmpfs', root));
  for (const name of ['root/a', 'root/tmp']) await c.makeFolder(name);
  const jid = await c.jail({ path: root, ...parameters });
  const made = await jailed(c, jid);
  await mounts(c, of('tmpfs', `${root}/tmp`));
  return { ...made, jid, root };
}

async function listed({ system }: Member): Promise<string[]> {
  return (await listMounts(system)).map(({ on }) => on);
}

function seenAt({ system }: Member, path: string) {
  return run(system, (b) => fileSystemAt(b, path));
}

group(
  'what a jail sees of mounts: enforce_statfs',
  'observed on 12.1: nmount 269 to 277',
  (states) => {
    states('0: all of them, where they lie on the host', async (c) => {
      const jail = await inside(c, { enforce_statfs: 0 });
      assert.deepEqual(
        await listed(jail),
        (await listMounts(c.system)).map(({ on }) => on),
      );
      assert.equal((await seenAt(jail, '/')).on, jail.root);
      assert.equal((await seenAt(jail, '/tmp')).on, `${jail.root}/tmp`);
    });

    states('1: those from its root on, as it names them', async (c) => {
      const jail = await inside(c, { enforce_statfs: 1 });
      assert.deepEqual(await listed(jail), ['/', '/tmp']);
      assert.deepEqual([(await seenAt(jail, '/a')).on, (await seenAt(jail, '/tmp')).on], ['/', '/tmp']);
    });

    states('2: the one of its root; of others all but where they lie', async (c) => {
      const jail = await inside(c, { enforce_statfs: 2 });
      assert.deepEqual(await listed(jail), ['/']);
      const { type, on } = await seenAt(jail, '/tmp');
      assert.deepEqual([type, on], ['tmpfs', '[restricted]']);
    });

    states('it sees no ids, and what leads out of it ends at its root', async (c) => {
      const jail = await inside(c, { enforce_statfs: 1 });
      const found = await seenAt(jail, '/../..');
      assert.deepEqual([found.on, found.id], ['/', [0, 0]]);
    });
  },
  needs,
);

const mayMount: JailParameters = { 'allow.mount': true, 'allow.mount.tmpfs': true, enforce_statfs: 1 };

/** Mounts a tmpfs in the jail; what comes of it is unmounted by the host. */
async function mountsInside(c: Case, jail: Inside, path = '/a'): Promise<string> {
  const code = await codeOf(run(jail.system, (b) => mount(b, { type: 'tmpfs', target: path })));
  if (code === '') c.unmountLater(`${jail.root}${path}`);
  return code;
}

group(
  'mounts made in a jail',
  'observed on 12.1: nmount 285 to 293, 298, 306 to 312',
  (states) => {
    states('need allow.mount, the permission of their type, and enforce_statfs below 2', async (c) => {
      const jail = await inside(c, { enforce_statfs: 1 });
      const change = (parameters: JailParameters) =>
        c.run((b) => setJail(b, { jid: jail.jid, ...parameters }, { operation: 'update' }));
      assert.equal(await mountsInside(c, jail), 'EPERM');
      await change({ 'allow.mount': true });
      assert.equal(await mountsInside(c, jail), 'EPERM');
      await change({ 'allow.mount.tmpfs': true, enforce_statfs: 2 });
      assert.equal(await mountsInside(c, jail), 'EPERM');
      await change({ enforce_statfs: 1, 'allow.mount': false });
      assert.equal(await mountsInside(c, jail), 'EPERM');
      await change({ 'allow.mount': true });
      assert.equal(await mountsInside(c, jail), '');
      const { on, flags } = await mountedAt(c, `${jail.root}/a`);
      assert.deepEqual([on, flags], [`${jail.root}/a`, BigInt(c.constants.MNT_LOCAL)]);
    });

    states('of types that are not for jails, or not allowed, are EPERM; unknown ones ENODEV', async (c) => {
      const jail = await inside(c, mayMount);
      const tries = ['devfs', 'nullfs', 'procfs', 'linprocfs', 'ufs', 'nosuchfs'];
      const codes: string[] = [];
      for (const type of tries) {
        const options = of(type, '/a', ['from', text('x')], ['target', text('/tmp')]);
        codes.push((await callWithOptions(jail.process, 'nmount', options, 0)).error);
      }
      assert.deepEqual(codes, ['EPERM', 'EPERM', 'EPERM', 'EPERM', 'EPERM', 'ENODEV']);
    });

    states('are refused to users', async (c) => {
      const jail = await inside(c, mayMount);
      assert.equal(await errorOf(jail, 'setuid', 1001), '');
      assert.equal(await mountsInside(c, jail), 'EPERM');
    });

    states('the jail changes and unmounts its own, but none of the host’s', async (c) => {
      const jail = await inside(c, mayMount);
      assert.equal(await mountsInside(c, jail), '');
      const updates: string[] = [];
      const unmounts: string[] = [];
      for (const target of ['/a', '/tmp', '/']) {
        const what = { type: 'tmpfs', target, flags: { readOnly: true } } as const;
        updates.push(await codeOf(run(jail.system, (b) => updateMount(b, what))));
      }
      for (const path of ['/a', '/tmp', '/']) {
        unmounts.push(await codeOf(run(jail.system, (b) => unmount(b, { path }))));
      }
      assert.deepEqual(
        [updates, unmounts],
        [
          ['', 'EPERM', 'EPERM'],
          ['', 'EPERM', 'EPERM'],
        ],
      );
    });

    states('by id, those of the host are EPERM, unknown ones ENOENT', async (c) => {
      const jail = await inside(c, mayMount);
      const { id } = await mountedAt(c, `${jail.root}/tmp`);
      const byId = (wanted: readonly [number, number]) =>
        codeOf(run(jail.system, (b) => unmount(b, { id: wanted })));
      assert.deepEqual([await byId(id), await byId([0x7fff_fff1, 0x7ff1])], ['EPERM', 'ENOENT']);
    });

    states('the host unmounts them too', async (c) => {
      const jail = await inside(c, mayMount);
      assert.equal(await mountsInside(c, jail), '');
      assert.equal(await unmountRaw(c.system.kernel, `${jail.root}/a`), '');
    });
  },
  needs,
);
