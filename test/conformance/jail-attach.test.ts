import assert from 'node:assert/strict';
import { attachJail } from '../../src/kernel/freebsd/jail.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, on12, since13, type On } from './harness/group.js';
import { jailGet } from './harness/jails.js';
import { open, tryPath } from './harness/mounts.js';
import { errorOf, jailed, member, valueOf, type Member } from './harness/processes.js';
import { call, int } from './harness/raw.js';

const processes: On = { needs: ['processes'] };

/** A root for a jail, with a folder in it and a file beside it that those in the jail must not see. */
async function tree(c: Case): Promise<{ jid: number; root: string; outside: string }> {
  const outside = await c.scratch();
  await c.makeFile('secret');
  const root = await c.makeFolder('root');
  await c.makeFolder('root/in');
  return { jid: await c.jail({ path: root }), root, outside };
}

/** Changes the working directory, and must. */
async function enter({ process }: Member, path: string): Promise<void> {
  assert.equal(await tryPath(process, 'chdir', path), '', `chdir ${path}`);
}

async function opens(c: Case, { process }: Member, path: string): Promise<string> {
  return (await open(c, path, c.constants.O_RDONLY, process)).error;
}

group(
  'jail_attach(2)',
  'observed on 12.1: S1 to S6, S14',
  (states) => {
    states(
      'leaves the working directory outside, until it is changed',
      async (c) => {
        const { jid, outside } = await tree(c);
        const child = await member(c);
        await enter(child, outside);
        assert.equal(await errorOf(child, 'jail_attach', jid), '');
        assert.equal(await opens(c, child, 'secret'), '');
        await enter(child, '/');
        assert.equal(await opens(c, child, 'secret'), 'ENOENT');
        assert.equal(await opens(c, child, '../secret'), 'ENOENT');
      },
      on12,
    );

    states(
      'takes the working directory along',
      async (c) => {
        const { jid, outside } = await tree(c);
        const child = await member(c);
        await enter(child, outside);
        assert.equal(await errorOf(child, 'jail_attach', jid), '');
        assert.equal(await opens(c, child, 'secret'), 'ENOENT');
        assert.equal(await opens(c, child, 'in'), '');
      },
      { ...since13, fact: 'freebsd-abi, section 2: root and cwd move to the root of the jail' },
    );

    states('followed by chdir, shows nothing of what is outside', async (c) => {
      const { jid, outside } = await tree(c);
      const child = await member(c);
      await enter(child, outside);
      await run(child.system, (b) => attachJail(b, jid));
      for (const path of ['secret', '/secret', '../secret', `${outside}/secret`, '/../../secret']) {
        assert.equal(await opens(c, child, path), 'ENOENT', path);
      }
      assert.equal(await opens(c, child, '/in'), '');
    });

    states('leaves open directories open, by which one gets out', async (c) => {
      const { jid, outside } = await tree(c);
      const child = await member(c);
      const { O_DIRECTORY } = c.constants;
      const { value: fd } = await open(c, outside, O_DIRECTORY, child.process);
      await run(child.system, (b) => attachJail(b, jid));
      assert.equal(await errorOf(child, 'fchdir', fd), '');
      assert.equal(await opens(c, child, 'secret'), '');
    });

    states(
      'is refused to who is in another root and has a directory open',
      async (c) => {
        const { jid, outside } = await tree(c);
        const child = await member(c);
        const { value: fd } = await open(c, '/', c.constants.O_DIRECTORY, child.process);
        assert.equal(await tryPath(child.process, 'chroot', outside), '');
        assert.equal(await errorOf(child, 'jail_attach', jid), 'EPERM');
        await valueOf(child, 'close', fd);
        assert.equal(await errorOf(child, 'jail_attach', jid), '');
      },
      on12,
    );

    states('is EINVAL from within: the same jail, another one, one that was removed', async (c) => {
      const { jid } = await tree(c);
      const [other, removed] = [await c.jail(), await c.jail()];
      const child = await jailed(c, jid);
      assert.deepEqual(
        [await errorOf(child, 'jail_attach', jid), await errorOf(child, 'jail_attach', other)],
        ['EINVAL', 'EINVAL'],
      );
      await c.removeJail(removed);
      assert.equal(await errorOf(await member(c), 'jail_attach', removed), 'EINVAL');
    });

    states('counts as a change of credentials: issetugid(2)', async (c) => {
      const { jid } = await tree(c);
      const child = await member(c);
      assert.equal(await valueOf(child, 'issetugid'), 0);
      await run(child.system, (b) => attachJail(b, jid));
      assert.equal(await valueOf(child, 'issetugid'), 1);
    });

    states('from a jail goes only to jails in it', async (c) => {
      const name = c.name('box');
      const box = await c.jail({ name, 'children.max': 2 });
      const kid = await c.jail({ name: `${name}.kid` });
      const child = await jailed(c, box);
      assert.equal(await errorOf(child, 'jail_attach', kid), '');
      assert.equal(await errorOf(child, 'jail_attach', box), 'EINVAL');
    });
  },
  processes,
);

group(
  'root in a jail',
  'observed on 12.1: S19, S26, D1',
  (states) => {
    states('may not mount, load modules, make jails or raise its priority', async (c) => {
      const child = await jailed(c, await c.jail());
      const { PRIO_PROCESS } = c.constants;
      assert.equal(await errorOf(child, 'setpriority', PRIO_PROCESS, 0, -5), 'EACCES');
      const mounted = await call(child.process, 'nmount', (a) => {
        const parts = ['fstype', 'tmpfs', 'fspath', '/mnt'].map((part) => a.textSpan(part, 'part'));
        return [{ arena: a.iovecs(parts) }, parts.length, 0];
      });
      assert.equal(mounted.error, 'EPERM');
      const made = await call(child.process, 'jail_set', (a) => {
        const parts = ['name', 'k'].map((part) => a.textSpan(part, 'part'));
        return [{ arena: a.iovecs([...parts, a.textSpan('persist', 'part'), null]) }, 4, 1];
      });
      assert.equal(made.error, 'EPERM');
    });

    states('does not see its own jail', async (c) => {
      const jid = await c.jail();
      const child = await jailed(c, jid);
      assert.equal(await errorOf(child, 'jail_remove', jid), 'EINVAL');
      const { text: said, error } = await jailGet(child.process, [['jid', int(jid)]]);
      assert.deepEqual([error, said], ['ENOENT', `jail ${jid} not found`]);
    });
  },
  processes,
);
