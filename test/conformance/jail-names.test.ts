import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { create, jailSet, made, on, refuses, textOf, update } from './harness/jails.js';
import { int, text, type RawOption } from './harness/raw.js';

const numeric = 'name cannot be numeric (unless it is the jid)';
const persist: RawOption = ['persist', on];

/** Numbers that no jail has been given yet. */
async function freeJid(c: Case, start = 700_000): Promise<number> {
  let jid = start + Math.floor(Math.random() * 100_000);
  while (await c.exists({ jid })) jid++;
  return jid;
}

group('jail_set(2): jid and name', 'observed on 12.1', (states) => {
  states('a jail must persist or be attached to', (c) => {
    return refuses(c, [['name', text(c.name())]], 'EINVAL', 'new jail must persist or attach');
  });

  states('a jid may be asked for, and is the name then', async (c) => {
    const jid = await freeJid(c);
    const { value } = await jailSet(c, [['jid', int(jid)], persist]);
    assert.deepEqual([value, await textOf(c, value, 'name')], [jid, String(jid)]);
  });

  states('jid 0 leaves the choice to the kernel, a negative one is refused', async (c) => {
    const { value, error } = await jailSet(c, [['jid', int(0)], persist]);
    assert.ok(error === '' && value > 0);
    await refuses(c, [['jid', int(-1)], persist], 'EINVAL', 'negative jid');
  });

  states(
    'a jid asked for may be above those that the kernel chooses',
    async (c) => {
      for (const jid of [await freeJid(c, 1_000_000), 2_147_483_000]) {
        assert.equal((await jailSet(c, [['jid', int(jid)], persist])).value, jid);
      }
    },
    on12,
  );

  states('with create alone a numeric name is the jid', async (c) => {
    const jid = await freeJid(c);
    assert.equal((await jailSet(c, [['name', text(String(jid))], persist])).value, jid);
  });

  states('with update as well a numeric name is refused', async (c) => {
    const name = String(await freeJid(c));
    await refuses(c, [['name', text(name)], persist], 'EINVAL', numeric, create | update);
  });

  states('a number as name is the jid in plain form', async (c) => {
    const jid = await freeJid(c);
    await refuses(c, [['jid', int(jid)], ['name', text(String(jid + 1))], persist], 'EINVAL', numeric);
    await refuses(c, [['jid', int(jid)], ['name', text(`0${jid}`)], persist], 'EINVAL', numeric);
    assert.equal((await jailSet(c, [['jid', int(jid)], ['name', text(String(jid))], persist])).value, jid);
  });

  const bad: [name: string, said: string][] = [
    ['0', numeric],
    ['99999999999999999999', 'negative jid'],
    ['1'.repeat(64), 'negative jid'],
    ['-5', 'negative jid'],
    [' 7654321', numeric],
    ['+7654321', numeric],
  ];
  for (const [name, said] of bad) {
    states(`'${name}' is no name`, (c) => refuses(c, [['name', text(name)], persist], 'EINVAL', said));
  }

  states('a number of more than 32 bits is no name, even if its lower ones are a free jid', async (c) => {
    const name = String(4_294_967_296 + (await freeJid(c)));
    await refuses(c, [['name', text(name)], persist], 'EINVAL', numeric);
    await refuses(c, [['name', text(`0${await freeJid(c)}`)], persist], 'EINVAL', numeric);
  });

  const lost: [name: string, parent: string][] = [
    ['.a', ''],
    ['.', ''],
    ['..', '.'],
    ['conformance-lost.', 'conformance-lost'],
    ['conformance-lost..b', 'conformance-lost.'],
    ['conformance-lost.such', 'conformance-lost'],
  ];
  for (const [name, parent] of lost) {
    states(`'${name}' is looked for in '${parent}'`, (c) => {
      return refuses(c, [['name', text(name)], persist], 'ENOENT', `jail "${parent}" not found`);
    });
  }

  for (const name of ['1a', 'a/b', 'a b', 'ä€', '*', 'a\nb', 'a\tb', '-a', 'a=b,c:d']) {
    states(`${JSON.stringify(name)} is a name like any other`, async (c) => {
      const { value, error } = await jailSet(c, [['name', text(name)], persist]);
      assert.equal(error, '');
      assert.equal(await textOf(c, value, 'name'), name);
    });
  }

  states('a name has at most 255 bytes', async (c) => {
    const long = c.name().padEnd(255, 'x');
    const { value, error } = await jailSet(c, [['name', text(long)], persist]);
    assert.equal(error, '');
    assert.equal(await textOf(c, value, 'name'), long);
    await refuses(c, [['name', text(`${long}y`)], persist], 'ENAMETOOLONG');
    await refuses(c, [['name', text(`${long}yz`)], persist], 'ENAMETOOLONG');
  });

  states('a name or a jid that is there cannot be made again', async (c) => {
    const name = c.name();
    const { value } = await jailSet(c, [['name', text(name)], persist]);
    await refuses(c, [['name', text(name)], persist], 'EEXIST', `jail "${name}" already exists`);
    await refuses(c, [['jid', int(value)], persist], 'EEXIST', `jail ${value} already exists`);
    const again = await jailSet(c, [['name', text(name)], persist], create | update);
    assert.equal(again.value, value);
  });

  states('an update needs a jail that is there', async (c) => {
    const name = c.name();
    const jid = await freeJid(c);
    await refuses(c, [['name', text(name)]], 'ENOENT', `jail "${name}" not found`, update);
    await refuses(c, [['jid', int(jid)]], 'ENOENT', `jail ${jid} not found`, update);
    await refuses(c, [['jid', int(0)]], 'ENOENT', 'update specified no jail', update);
    await refuses(c, [persist], 'ENOENT', 'update specified no jail', update);
  });

  states('a jail can be renamed, also to nothing, which is its jid', async (c) => {
    const jid = await made(c);
    const name = c.name();
    assert.equal(
      (
        await jailSet(
          c,
          [
            ['jid', int(jid)],
            ['name', text(name)],
          ],
          update,
        )
      ).value,
      jid,
    );
    assert.equal(await textOf(c, jid, 'name'), name);
    await jailSet(
      c,
      [
        ['jid', int(jid)],
        ['name', text('')],
      ],
      update,
    );
    assert.equal(await textOf(c, jid, 'name'), String(jid));
  });

  states('a rename keeps to the rules of names', async (c) => {
    const [jid, other] = [await made(c), await made(c)];
    const taken = await textOf(c, other, 'name');
    const rename = (name: string): RawOption[] => [
      ['jid', int(jid)],
      ['name', text(name)],
    ];
    await refuses(c, rename(String(await freeJid(c))), 'EINVAL', numeric, update);
    await refuses(c, rename(taken), 'EEXIST', `jail "${taken}" already exists`, update);
    await refuses(c, rename(`${taken}.x`), 'EINVAL', "cannot change jail's parent", update);
  });

  states('a jail is not found by its jid written as a name', async (c) => {
    const jid = await made(c);
    await refuses(c, [['name', text(String(jid))]], 'ENOENT', `jail "${jid}" not found`, update);
  });

  states('an update of nothing succeeds', async (c) => {
    const jid = await made(c);
    assert.equal((await jailSet(c, [['jid', int(jid)]], update)).value, jid);
  });

  states('jids grow: one that was freed is not taken again at once', async (c) => {
    const first = await made(c);
    await c.removeJail(first);
    assert.notEqual(await made(c), first);
  });
});
