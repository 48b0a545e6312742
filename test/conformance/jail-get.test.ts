import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { create, dying, jailGet, made, on, textOf, update } from './harness/jails.js';
import { int, text, type RawOption } from './harness/raw.js';

/** Numbers that no jail has been given yet. */
async function freeJid(c: Case, start = 700_000): Promise<number> {
  let jid = start + Math.floor(Math.random() * 100_000);
  while (await c.exists({ jid })) jid++;
  return jid;
}

group('jail_get(2)', 'observed on 12.1', (states) => {
  const get = (c: Case, options: readonly RawOption[], flags = 0) => jailGet(c.system.kernel, options, flags);
  const says = async (
    c: Case,
    options: readonly RawOption[],
    error: string,
    said: string,
    flags = 0,
  ): Promise<void> => {
    const outcome = await get(c, options, flags);
    assert.deepEqual([outcome.error, outcome.text], [error, said]);
  };

  states('a jail is found by jid and by name', async (c) => {
    const jid = await made(c);
    const name = await textOf(c, jid, 'name');
    assert.equal((await get(c, [['jid', int(jid)]])).value, jid);
    assert.equal((await get(c, [['name', text(name)]])).value, jid);
    assert.equal(
      (
        await get(c, [
          ['jid', int(0)],
          ['name', text(name)],
        ])
      ).value,
      jid,
    );
  });

  states('what is not there is said', async (c) => {
    const jid = await made(c);
    const [none, name] = [await freeJid(c), c.name()];
    await says(c, [['jid', int(none)]], 'ENOENT', `jail ${none} not found`);
    await says(c, [['jid', int(-1)]], 'ENOENT', 'jail -1 not found');
    await says(c, [['name', text(name)]], 'ENOENT', `jail "${name}" not found`);
    await says(c, [['name', text(String(jid))]], 'ENOENT', `jail "${jid}" not found`);
    await says(c, [['jid', int(0)]], 'ENOENT', 'no jail specified');
    await says(c, [['path', new Uint8Array(1024)]], 'ENOENT', 'no jail specified');
  });

  states('the jid wins over the name, whose buffer is overwritten', async (c) => {
    const [jid, other] = [await made(c), await made(c)];
    const buffer = new Uint8Array(256);
    buffer.set(text(await textOf(c, other, 'name')));
    const { value, values } = await get(c, [
      ['jid', int(jid)],
      ['name', buffer],
    ]);
    assert.equal(value, jid);
    const name = await textOf(c, jid, 'name');
    assert.equal(Buffer.from(values[1] ?? []).toString('utf8', 0, name.length + 1), `${name}\0`);
  });

  states('lastjid asks for the next jail, and wins over the jid', async (c) => {
    const [first, second] = [await made(c), await made(c)];
    assert.equal((await get(c, [['lastjid', int(first)]])).value, second);
    assert.equal(
      (
        await get(c, [
          ['lastjid', int(first)],
          ['jid', int(first)],
        ])
      ).value,
      second,
    );
    await says(c, [['lastjid', int(2_147_483_647)]], 'ENOENT', 'no jail after 2147483647');
    const negative = await get(c, [['lastjid', int(-5)]]);
    assert.equal(negative.value, (await get(c, [['lastjid', int(0)]])).value);
  });

  states('lastjid goes with values to be read', async (c) => {
    const [first, second] = [await made(c), await made(c)];
    const { values } = await get(c, [
      ['lastjid', int(first)],
      ['jid', new Uint8Array(4)],
    ]);
    assert.deepEqual(values[1], int(second));
  });

  states('only the flag for dying jails is taken', async (c) => {
    const jid = await made(c);
    for (const flags of [create, update, 0x1000]) {
      await says(c, [['jid', int(jid)]], 'EINVAL', '', flags);
    }
    assert.equal((await get(c, [['jid', int(jid)]], dying)).value, jid);
  });

  states('an unknown parameter is named', async (c) => {
    const jid = await made(c);
    await says(
      c,
      [
        ['jid', int(jid)],
        ['nosuch', int(0)],
      ],
      'EINVAL',
      'unknown parameter: nosuch',
    );
  });

  states('text needs room for its NUL', async (c) => {
    const path = await c.scratch();
    const jid = await made(c, ['path', text(path)]);
    const key: RawOption = ['jid', int(jid)];
    await says(c, [key, ['path', new Uint8Array(path.length)]], 'EINVAL', '');
    const { values } = await get(c, [key, ['path', new Uint8Array(path.length + 1)]]);
    assert.deepEqual(values[1], new Uint8Array(text(path)));
  });

  states('an int has exactly 4 bytes, a hostid 8', async (c) => {
    const key: RawOption = ['jid', int(await made(c))];
    for (const [name, length] of [
      ['securelevel', 2],
      ['securelevel', 8],
      ['persist', 2],
      ['host.hostid', 4],
    ] as const) {
      await says(c, [key, [name, new Uint8Array(length)]], 'EINVAL', '');
    }
    await says(c, [['jid', new Uint8Array(8)]], 'EINVAL', '');
    await says(c, [['name', Buffer.from('x')]], 'EINVAL', '');
  });

  states(
    'the length of text in a buffer is not told',
    async (c) => {
      const path = await c.scratch();
      const key: RawOption = ['jid', int(await made(c, ['path', text(path)]))];
      const { lengths, values } = await get(c, [key, ['path', new Uint8Array(64).fill(0xaa)]]);
      assert.deepEqual(lengths, [4, 64]);
      assert.equal(values[1]?.at(path.length + 1), 0xaa);
    },
    on12,
  );

  states(
    'a NULL value asks for the length',
    async (c) => {
      const path = await c.scratch();
      const jid = await made(c, ['path', text(path)], ['host.hostname', text('hh')]);
      const options: RawOption[] = [
        ['jid', int(jid)],
        ['path', on],
        ['host.hostname', on],
        ['securelevel', on],
        ['ip4.addr', on],
      ];
      assert.deepEqual((await get(c, options)).lengths, [4, path.length + 1, 3, 4, 0]);
    },
    on12,
  );

  states('both forms of a flag can be read', async (c) => {
    const key: RawOption = ['jid', int(await made(c))];
    assert.deepEqual((await get(c, [key, ['persist', int(9)]])).values[1], int(1));
    assert.deepEqual((await get(c, [key, ['nopersist', int(9)]])).values[1], int(0));
  });

  states('the words are cut to the buffer, and none come with success', async (c) => {
    const none = await freeJid(c);
    const more = { errmsg: { length: 8, fill: 0xaa } };
    const failed = await jailGet(c.system.kernel, [['jid', int(none)]], 0, more);
    assert.equal(Buffer.from(failed.errmsg).toString(), `${`jail ${none}`.slice(0, 7)}\0`);
    const found = await jailGet(c.system.kernel, [['jid', int(await made(c))]], 0, more);
    assert.deepEqual(found.errmsg, new Uint8Array(8).fill(0xaa));
  });
});
