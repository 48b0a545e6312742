import assert from 'node:assert/strict';
import { group } from './harness/group.js';
import { ints, jailGet, jailSet, made, on, refuses, textOf, update } from './harness/jails.js';
import { int, ip4, text, type RawOption } from './harness/raw.js';
import type { Case } from './harness/case.js';

const changed = async (c: Case, jid: number, ...options: RawOption[]): Promise<void> => {
  const { error, text: said } = await jailSet(c, [['jid', int(jid)], ...options], update);
  assert.deepEqual([error, said], ['', '']);
};

const refusesChange = (c: Case, jid: number, option: RawOption, error: string, said = ''): Promise<void> => {
  return refuses(c, [['jid', int(jid)], option], error, said, update);
};

group('jail_set(2): what cannot be changed', 'observed on 12.1', (states) => {
  const fixed: [name: string, value: Uint8Array][] = [
    ['vnet', int(1)],
    ['vnet', int(2)],
    ['ip4', int(0)],
    ['ip4', int(1)],
    ['ip4', int(2)],
    ['ip6', int(1)],
    ['osreldate', int(1_300_000)],
    ['osrelease', text('13.0-RELEASE')],
  ];
  for (const [name, value] of fixed) {
    const shown =
      value.byteLength === 4
        ? String(new DataView(value.buffer, value.byteOffset).getInt32(0, true))
        : 'text';
    states(`${name} (${shown}) cannot be changed after creation`, async (c) => {
      const said = `${name} cannot be changed after creation`;
      await refusesChange(c, await made(c), [name, value], 'EINVAL', said);
      if (name === 'vnet')
        await refusesChange(c, await made(c, ['vnet', int(1)]), [name, value], 'EINVAL', said);
    });
  }

  states('addresses can be, though the mode of a family cannot', async (c) => {
    const jid = await made(c);
    await changed(c, jid, ['ip4.addr', ip4('127.0.0.1')]);
    const { values } = await jailGet(c.system.kernel, [
      ['jid', int(jid)],
      ['ip4.addr', new Uint8Array(4)],
    ]);
    assert.deepEqual(values[1], ip4('127.0.0.1'));
    assert.deepEqual(await ints(c, jid, 'ip4'), [0]);
  });

  states('the names of the host can be switched', async (c) => {
    const jid = await made(c);
    await changed(c, jid, ['host', int(2)]);
    assert.deepEqual(await ints(c, jid, 'host'), [2]);
    await changed(c, jid, ['host', int(1)]);
    await changed(c, jid, ['host.hostname', text('h1')]);
    assert.deepEqual([await ints(c, jid, 'host'), await textOf(c, jid, 'host.hostname')], [[1], 'h1']);
  });

  states('a jail without processes that shall not persist any more is gone at once', async (c) => {
    const jid = await made(c);
    const { value } = await jailSet(
      c,
      [
        ['jid', int(jid)],
        ['nopersist', on],
      ],
      update,
    );
    assert.equal(value, jid);
    assert.equal(await c.exists({ jid }), false);
  });

  states('an unknown parameter is refused of an update too', async (c) => {
    await refusesChange(c, await made(c), ['nosuch', on], 'EINVAL', 'unknown parameter: nosuch');
  });
});
