import assert from 'node:assert/strict';
import { group, on12 } from './harness/group.js';
import { ints, jailSet, made, on, refuses, textOf, update } from './harness/jails.js';
import { int, ip4, text, type RawOption } from './harness/raw.js';
import type { Case } from './harness/case.js';

const changed = async (c: Case, jid: number, ...options: RawOption[]): Promise<void> => {
  const { error, text: said } = await jailSet(c, [['jid', int(jid)], ...options], update);
  assert.deepEqual([error, said], ['', '']);
};

const refusesChange = (c: Case, jid: number, option: RawOption, error: string, said = ''): Promise<void> => {
  return refuses(c, [['jid', int(jid)], option], error, said, update);
};

group('jail_set(2): jails in jails, from the host', 'observed on 12.1', (states) => {
  /** A parent with this many children allowed. */
  const parent = async (c: Case, ...options: RawOption[]): Promise<{ jid: number; name: string }> => {
    const jid = await made(c, ...options);
    return { jid, name: await textOf(c, jid, 'name') };
  };
  const child = (c: Case, name: string, ...options: RawOption[]) => {
    return jailSet(c, [['name', text(name)], ['persist', on], ...options]);
  };

  states(
    'the limit of a jail does not bind the host',
    async (c) => {
      const { jid, name } = await parent(c);
      const { value } = await child(c, `${name}.kid`);
      assert.deepEqual(await ints(c, value, 'parent'), [jid]);
      assert.deepEqual(await ints(c, jid, 'children.cur', 'children.max'), [1, 0]);
    },
    on12,
  );

  states('a jail in a jail has the root of the host by default, and may have any', async (c) => {
    const path = await c.scratch();
    const { name } = await parent(c);
    assert.equal(await textOf(c, (await child(c, `${name}.a`)).value, 'path'), '/');
    assert.equal(await textOf(c, (await child(c, `${name}.b`, ['path', text(path)])).value, 'path'), path);
  });

  states("children.max must be below the parent's", async (c) => {
    const { name } = await parent(c, ['children.max', int(3)]);
    await refuses(
      c,
      [
        ['name', text(`${name}.b`)],
        ['persist', on],
        ['children.max', int(3)],
      ],
      'EPERM',
    );
    assert.deepEqual(
      await ints(c, (await child(c, `${name}.b`, ['children.max', int(2)])).value, 'children.max'),
      [2],
    );
  });

  states('grandchildren count, and the limit may be lowered below the count', async (c) => {
    const { jid, name } = await parent(c, ['children.max', int(3)]);
    for (const each of ['a', 'b', 'b.c']) await child(c, `${name}.${each}`);
    assert.deepEqual(await ints(c, jid, 'children.cur'), [3]);
    await changed(c, jid, ['children.max', int(1)]);
    assert.deepEqual(await ints(c, jid, 'children.max', 'children.cur'), [1, 3]);
  });

  states('children are renamed with their parent', async (c) => {
    const { jid, name } = await parent(c);
    const kid = (await child(c, `${name}.a`)).value;
    const renamed = c.name();
    await changed(c, jid, ['name', text(renamed)]);
    assert.equal(await textOf(c, kid, 'name'), `${renamed}.a`);
    await refusesChange(c, jid, ['name', text('x'.repeat(254))], 'ENAMETOOLONG');
  });

  states('a full name has at most 255 bytes', async (c) => {
    const { name } = await parent(c);
    const rest = 'x'.repeat(255 - name.length - 1);
    await refuses(
      c,
      [
        ['name', text(`${name}.${rest}x`)],
        ['persist', on],
      ],
      'ENAMETOOLONG',
    );
    assert.equal((await child(c, `${name}.${rest}`)).error, '');
  });

  states('a name that ends in a dot is a child called by its jid', async (c) => {
    const { name } = await parent(c);
    const { value } = await child(c, `${name}.`);
    assert.equal(await textOf(c, value, 'name'), `${name}.${value}`);
  });

  states(
    'a child may have a stack of its own, and what the parent lacks of addresses',
    async (c) => {
      const { name } = await parent(c);
      assert.deepEqual(await ints(c, (await child(c, `${name}.v`, ['vnet', int(1)])).value, 'vnet'), [1]);
      assert.deepEqual(await ints(c, (await child(c, `${name}.i`, ['ip4', int(2)])).value, 'ip4'), [2]);
      await refuses(
        c,
        [
          ['name', text(`${name}.n`)],
          ['persist', on],
          ['ip4.addr', ip4('127.0.0.1')],
        ],
        'EPERM',
      );
    },
    on12,
  );

  states('a child may not have more than its parent', async (c) => {
    const { jid, name } = await parent(c);
    const refusesChild = (option: RawOption) =>
      refuses(c, [['name', text(`${name}.k`)], ['persist', on], option], 'EPERM');
    await refusesChild(['allow.raw_sockets', on]);
    await refusesChild(['enforce_statfs', int(1)]);
    await changed(c, jid, ['securelevel', int(2)]);
    await refusesChild(['securelevel', int(1)]);
    assert.equal((await child(c, `${name}.d`, ['devfs_ruleset', int(4)])).error, '');
  });

  states('what is taken from a jail is taken from those in it', async (c) => {
    const { jid, name } = await parent(c);
    const kid = (await child(c, `${name}.a`)).value;
    await changed(c, jid, ['securelevel', int(2)], ['allow.noset_hostname', on]);
    assert.deepEqual(await ints(c, kid, 'securelevel', 'allow.set_hostname'), [2, 0]);
  });

  states('a jail with jails in it lives without persist, and removing it removes them', async (c) => {
    const { jid, name } = await parent(c);
    const kid = (await child(c, `${name}.a`)).value;
    await changed(c, jid, ['nopersist', on]);
    assert.deepEqual(await ints(c, jid, 'persist', 'dying'), [0, 0]);
    await c.removeJail(jid);
    assert.equal(await c.exists({ jid: kid }), false);
  });
});
