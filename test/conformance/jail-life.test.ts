import assert from 'node:assert/strict';
import { attachJail, getJail, listJails, removeJail, setJail } from '../../src/kernel/freebsd/jail.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, on12, type On } from './harness/group.js';
import { create, dying, ints, jailGet, jailSet, on, refuses, update } from './harness/jails.js';
import {
  endOf,
  errorOf,
  host,
  jailed,
  member,
  signal,
  valueOf,
  waited,
  type Member,
} from './harness/processes.js';
import { tryPath } from './harness/mounts.js';
import { int, text } from './harness/raw.js';

const processes: On = { needs: ['processes'] };

/** Whether a jail lives, is dying or is gone. */
async function stateOf(c: Case, jid: number): Promise<string> {
  const found = (await listJails(c.system, ['dying'], { dying: true })).find((each) => each.jid === jid);
  if (found === undefined) return 'gone';
  return found.values.dying ? 'dying' : 'alive';
}

/** A jail without `persist`, and the process that has made it and is in it. */
async function attached(c: Case, name = c.name()): Promise<{ jid: number; name: string; inside: Member }> {
  const made: number[] = [];
  // The jail goes after the process that keeps it.
  c.defer(async () => {
    for (const jid of made) await c.removeJail(jid);
  });
  const inside = await member(c);
  const jid = await run(inside.system, (b) => setJail(b, { name }, { operation: 'create', attach: true }));
  made.push(jid);
  return { jid, name, inside };
}

/** Kills a process, and leaves it to be waited for. */
async function kill(c: Case, victim: Member): Promise<void> {
  await signal(c, victim, 'SIGKILL');
  await waited(c, victim, { keep: true });
}

group(
  'jails: life and death',
  'observed on 12.1: L1 to L16, L30 to L51',
  (states) => {
    states('a jail made together with attaching lives as long as the process', async (c) => {
      const { jid, inside } = await attached(c);
      assert.deepEqual(await ints(c, jid, 'persist', 'dying'), [0, 0]);
      await kill(c, inside);
      assert.equal(await stateOf(c, jid), 'dying');
      await endOf(c, inside);
      await c.gone({ jid });
    });

    states('a dying jail is found only by those who ask for dying ones', async (c) => {
      const { jid, name, inside } = await attached(c);
      await kill(c, inside);
      const asked = async (option: ['jid', Uint8Array] | ['name', Uint8Array], flags: number) => {
        const { value, error, text: said } = await jailGet(c.system.kernel, [option], flags);
        return error === '' ? value : `${error} ${said}`;
      };
      assert.equal(await asked(['jid', int(jid)], 0), `ENOENT jail ${jid} is dying`);
      assert.equal(await asked(['name', text(name)], 0), `ENOENT jail "${name}" is dying`);
      assert.equal(await asked(['jid', int(jid)], dying), jid);
      const listed = async (options: { dying: boolean }): Promise<boolean> => {
        return (await listJails(c.system, [], options)).some((each) => each.jid === jid);
      };
      assert.deepEqual([await listed({ dying: false }), await listed({ dying: true })], [false, true]);
    });

    states('a dying jail cannot be attached to; removing it does nothing', async (c) => {
      const { jid, inside } = await attached(c);
      await kill(c, inside);
      assert.equal(await errorOf(await member(c), 'jail_attach', jid), 'EINVAL');
      assert.equal(await errorOf(host(c), 'jail_remove', jid), '');
      assert.equal(await stateOf(c, jid), 'dying');
    });

    states(
      'a dying jail is not changed without JAIL_DYING',
      async (c) => {
        const { jid, name, inside } = await attached(c);
        await kill(c, inside);
        await refuses(
          c,
          [
            ['jid', int(jid)],
            ['securelevel', int(1)],
          ],
          'ENOENT',
          `jail ${jid} is dying`,
          update,
        );
        const said = `jail "${name}" is dying`;
        await refuses(
          c,
          [
            ['name', text(name)],
            ['securelevel', int(1)],
          ],
          'ENOENT',
          said,
          update,
        );
      },
      on12,
    );

    states('the name of a dying jail is free, its number is not', async (c) => {
      const { jid, name, inside } = await attached(c);
      await kill(c, inside);
      const second = await c.run((b) => setJail(b, { name, persist: true }, { operation: 'create' }));
      c.removeLater(second);
      assert.deepEqual([await stateOf(c, jid), await stateOf(c, second)], ['dying', 'alive']);
      const found = await c.run((b) => getJail(b, { name }, [], { dying: true }));
      assert.equal(found.jid, second);
    });

    states(
      'the number of a dying jail cannot be asked for',
      async (c) => {
        const { jid, inside } = await attached(c);
        await kill(c, inside);
        await refuses(
          c,
          [
            ['jid', int(jid)],
            ['persist', on],
          ],
          'EEXIST',
          `jail ${jid} already exists`,
        );
        const said = `jail ${jid} is dying`;
        await refuses(
          c,
          [
            ['jid', int(jid)],
            ['persist', on],
          ],
          'ENOENT',
          said,
          create | update,
        );
      },
      on12,
    );

    states(
      'a dying jail is brought back by JAIL_DYING and persist',
      async (c) => {
        const { jid, inside } = await attached(c);
        await kill(c, inside);
        const { value } = await jailSet(
          c,
          [
            ['jid', int(jid)],
            ['persist', on],
          ],
          update | dying,
        );
        assert.deepEqual([value, await stateOf(c, jid)], [jid, 'alive']);
        await endOf(c, inside);
        assert.equal(await stateOf(c, jid), 'alive');
        await jailed(c, jid);
      },
      on12,
    );

    states('a jail that persists keeps without processes, and dies when it is not to any more', async (c) => {
      const jid = await c.jail();
      const inside = await jailed(c, jid);
      await kill(c, inside);
      await endOf(c, inside);
      assert.equal(await stateOf(c, jid), 'alive');
      const last = await jailed(c, jid);
      await jailSet(
        c,
        [
          ['jid', int(jid)],
          ['nopersist', on],
        ],
        update,
      );
      assert.equal(await stateOf(c, jid), 'alive');
      await kill(c, last);
      await endOf(c, last);
      await c.gone({ jid });
    });

    states('persist can go with the attach that then keeps the jail', async (c) => {
      const jid = await c.jail();
      const inside = await member(c);
      const options = { operation: 'update', attach: true } as const;
      await run(inside.system, (b) => setJail(b, { jid, persist: false }, options));
      assert.equal(await stateOf(c, jid), 'alive');
      await kill(c, inside);
      await endOf(c, inside);
      await c.gone({ jid });
    });

    states('jail_remove kills, and does not wait', async (c) => {
      const jid = await c.jail();
      const inside = [await jailed(c, jid), await jailed(c, jid)];
      await c.run((b) => removeJail(b, jid));
      await c.refused('ENOENT', (b) => getJail(b, { jid }, []));
      for (const each of inside) {
        assert.deepEqual(await endOf(c, each), { kind: 'killed', signal: 9, core: false });
      }
      await c.gone({ jid });
    });

    states('a jail in a jail dies with it', async (c) => {
      const parent = await c.jail({ name: c.name('parent') });
      const { values } = await c.run((b) => getJail(b, { jid: parent }, ['name']));
      const child = await c.jail({ name: `${values.name}.kid` });
      const inside = await jailed(c, child);
      await c.run((b) => removeJail(b, parent));
      assert.deepEqual(await endOf(c, inside), { kind: 'killed', signal: 9, core: false });
      await c.gone({ jid: child });
      await c.gone({ jid: parent });
    });

    states('jails that are not there are EINVAL', async (c) => {
      const child = await member(c);
      for (const jid of [4711, 0, -1]) {
        assert.deepEqual(
          [await errorOf(child, 'jail_remove', jid), await errorOf(child, 'jail_attach', jid)],
          ['EINVAL', 'EINVAL'],
        );
      }
    });

    states('any user may read a jail; only root makes, removes and enters one', async (c) => {
      const jid = await c.jail();
      const user = await member(c);
      await valueOf(user, 'setuid', 1001);
      assert.equal((await jailGet(user.process, [['jid', int(jid)]])).value, jid);
      assert.deepEqual(
        [await errorOf(user, 'jail_remove', jid), await errorOf(user, 'jail_attach', jid)],
        ['EPERM', 'EPERM'],
      );
      const made = run(user.system, (b) =>
        setJail(b, { name: c.name(), persist: true }, { operation: 'create' }),
      );
      await assert.rejects(made, { code: 'EPERM', detail: '' });
    });

    states('a jail whose root was removed can be entered, and nothing made in it', async (c) => {
      const path = await c.makeFolder('root');
      const jid = await c.jail({ path });
      await c.removeFolder(path);
      const inside = await member(c);
      await run(inside.system, (b) => attachJail(b, jid));
      assert.equal(await tryPath(inside.process, 'mkdir', '/x', 0o755), 'ENOENT');
    });

    states('a jail without processes is made with attach or persist', (c) => {
      return refuses(c, [['name', text(c.name())]], 'EINVAL', 'new jail must persist or attach');
    });
  },
  processes,
);
