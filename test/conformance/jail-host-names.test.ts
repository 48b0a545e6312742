import assert from 'node:assert/strict';
import { group, on12 } from './harness/group.js';
import { ints, jailGet, made, refusesWith, textOf } from './harness/jails.js';
import { int, text } from './harness/raw.js';

group('jail_set(2): names of the host', 'observed on 12.1', (states) => {
  states('they are empty, the uuid zeros, the id 0', async (c) => {
    const jid = await made(c);
    assert.equal(await textOf(c, jid, 'host.hostname'), '');
    assert.equal(await textOf(c, jid, 'host.domainname'), '');
    assert.equal(await textOf(c, jid, 'host.hostuuid'), '00000000-0000-0000-0000-000000000000');
    const { values } = await jailGet(c.system.kernel, [
      ['jid', int(jid)],
      ['host.hostid', new Uint8Array(8)],
    ]);
    assert.deepEqual(values[1], new Uint8Array(8));
  });

  states(
    'a name of its own wins over inherited ones',
    async (c) => {
      const jid = await made(c, ['host', int(2)], ['host.hostname', text('x')]);
      assert.deepEqual([await ints(c, jid, 'host'), await textOf(c, jid, 'host.hostname')], [[1], 'x']);
    },
    on12,
  );

  states('the mode is new or inherited', (c) => refusesWith(c, ['host', int(0)], 'EINVAL'));

  for (const [name, most] of [
    ['hostname', 255],
    ['domainname', 255],
    ['hostuuid', 63],
  ] as const) {
    states(`host.${name} has at most ${most} bytes`, async (c) => {
      const long = 'x'.repeat(most);
      assert.equal(await textOf(c, await made(c, [`host.${name}`, text(long)]), `host.${name}`), long);
      await refusesWith(c, [`host.${name}`, text(`${long}y`)], 'ENAMETOOLONG');
    });
  }

  states('what is in a name is not looked at, but its NUL is', async (c) => {
    for (const name of ['', 'bad name/\n']) {
      assert.equal(await textOf(c, await made(c, ['host.hostname', text(name)]), 'host.hostname'), name);
    }
    await refusesWith(c, ['host.hostname', Buffer.from('h')], 'EINVAL');
  });

  states('a hostid has 8 bytes', async (c) => {
    await refusesWith(c, ['host.hostid', new Uint8Array(4)], 'EINVAL');
    const id = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const jid = await made(c, ['host.hostid', id]);
    const { values } = await jailGet(c.system.kernel, [
      ['jid', int(jid)],
      ['host.hostid', new Uint8Array(8)],
    ]);
    assert.deepEqual(values[1], id);
  });
});
