import assert from 'node:assert/strict';
import { group, on12 } from './harness/group.js';
import { ints, jailGet, jailSet, made, on, refuses, refusesWith, update } from './harness/jails.js';
import { int, ip4, type RawOption } from './harness/raw.js';
import type { Case } from './harness/case.js';

const changed = async (c: Case, jid: number, ...options: RawOption[]): Promise<void> => {
  const { error, text: said } = await jailSet(c, [['jid', int(jid)], ...options], update);
  assert.deepEqual([error, said], ['', '']);
};

const refusesChange = (c: Case, jid: number, option: RawOption, error: string, said = ''): Promise<void> => {
  return refuses(c, [['jid', int(jid)], option], error, said, update);
};

group('jail_set(2): network stack and addresses', 'observed on 12.1', (states) => {
  const clash = 'vnet jails cannot have IP address restrictions';
  const restrictions: RawOption[] = [
    ['ip4', int(0)],
    ['ip4', int(1)],
    ['ip4', int(2)],
    ['ip6', int(0)],
    ['ip4.addr', ip4('127.0.0.1')],
    ['ip4.addr', on],
  ];
  for (const option of restrictions) {
    states(
      `a stack of its own does not go with ${String(option[0])} of ${option[1]?.join('.') ?? 'no value'}`,
      (c) => {
        return refusesWith(c, [['vnet', int(1)], option], 'EINVAL', clash);
      },
    );
  }

  states(
    'a stack of its own goes with the choice of source addresses, and with inherited names',
    async (c) => {
      const jid = await made(c, ['vnet', int(1)], ['ip4.nosaddrsel', on], ['host', int(2)]);
      assert.deepEqual(await ints(c, jid, 'ip4.saddrsel', 'host', 'vnet'), [0, 2, 1]);
    },
  );

  const addressesOf = async (c: Case, jid: number, name: string, room = 64): Promise<Uint8Array> => {
    const wanted: RawOption = [name, new Uint8Array(room).fill(0xaa)];
    const { values, lengths, error } = await jailGet(c.system.kernel, [['jid', int(jid)], wanted]);
    assert.equal(error, '');
    return values[1]?.subarray(0, lengths[1]) ?? new Uint8Array(0);
  };

  states("an address need not be the host's, and the mode reads 0", async (c) => {
    const jid = await made(c, ['ip4.addr', ip4('10.9.9.9')]);
    assert.deepEqual(await ints(c, jid, 'ip4'), [0]);
    assert.deepEqual(await addressesOf(c, jid, 'ip4.addr'), ip4('10.9.9.9'));
  });

  for (const [mode, reads] of [
    [0, 0],
    [1, 0],
    [2, 2],
  ] as const) {
    states(
      `mode ${mode} reads ${reads}, without addresses`,
      async (c) => {
        const jid = await made(c, ['ip4', int(mode)]);
        assert.deepEqual(await ints(c, jid, 'ip4'), [reads]);
        assert.equal((await addressesOf(c, jid, 'ip4.addr')).byteLength, 0);
      },
      on12,
    );
  }

  for (const mode of [0, 2]) {
    states(
      `a list wins over mode ${mode}`,
      async (c) => {
        const jid = await made(c, ['ip4', int(mode)], ['ip4.addr', ip4('127.0.0.1')]);
        assert.deepEqual(await ints(c, jid, 'ip4'), [0]);
      },
      on12,
    );
  }

  states('lists of wrong lengths and values are refused without a word', async (c) => {
    await refusesWith(c, ['ip4', int(3)], 'EINVAL');
    for (const length of [3, 5]) await refusesWith(c, ['ip4.addr', new Uint8Array(length)], 'EINVAL');
    await refusesWith(c, ['ip6.addr', new Uint8Array(15)], 'EINVAL');
    await refusesWith(c, ['ip4.addr', ip4('10.0.0.1', '10.0.0.1')], 'EINVAL');
    await refusesWith(c, ['ip4.addr', ip4('10.0.0.1', '10.0.0.2', '10.0.0.2')], 'EINVAL');
    await refusesWith(c, ['ip4.addr', ip4('0.0.0.0')], 'EINVAL');
    await refusesWith(c, ['ip4.addr', ip4('255.255.255.255')], 'EINVAL');
    await refusesWith(c, ['ip6.addr', new Uint8Array(16)], 'EINVAL');
  });

  states('an empty list is no address', async (c) => {
    const jid = await made(c, ['ip4.addr', on]);
    assert.equal((await addressesOf(c, jid, 'ip4.addr')).byteLength, 0);
  });

  states('the first address stays first, the others are sorted', async (c) => {
    const jid = await made(c, ['ip4.addr', ip4('10.0.0.9', '10.0.0.5', '10.0.0.1', '10.0.0.7')]);
    assert.deepEqual(
      await addressesOf(c, jid, 'ip4.addr'),
      ip4('10.0.0.9', '10.0.0.1', '10.0.0.5', '10.0.0.7'),
    );
  });

  states('the length of a list is told, and too small a buffer refused', async (c) => {
    const jid = await made(c, ['ip4.addr', ip4('10.0.0.1', '10.0.0.2')]);
    const get = (room: number) =>
      jailGet(c.system.kernel, [
        ['jid', int(jid)],
        ['ip4.addr', new Uint8Array(room)],
      ]);
    assert.deepEqual((await get(64)).lengths, [4, 8]);
    const small = await get(4);
    assert.deepEqual([small.error, small.text, small.lengths], ['EINVAL', '', [4, 4]]);
  });

  states('a family has at most 255 addresses', async (c) => {
    const many = (count: number): Uint8Array => {
      return ip4(...Array.from({ length: count }, (_, index) => `10.77.${index >> 8}.${index & 255}`));
    };
    await made(c, ['ip4.addr', many(255)]);
    await refusesWith(c, ['ip4.addr', many(256)], 'EINVAL', 'too many IPv4 addresses');
    const six = Uint8Array.from({ length: 256 * 16 }, (_, index) =>
      index % 16 === 0 ? 0xfd : index % 16 === 15 ? index >> 4 : 0,
    );
    await refusesWith(c, ['ip6.addr', six], 'EINVAL', 'too many IPv6 addresses');
  });

  states('one address each may be shared, a list may not clash', async (c) => {
    await made(c, ['ip4.addr', ip4('10.78.0.1')]);
    await made(c, ['ip4.addr', ip4('10.78.0.1')]);
    const said = 'IPv4 addresses clash';
    await refusesWith(c, ['ip4.addr', ip4('10.78.0.1', '10.78.0.2')], 'EADDRINUSE', said);
    const list = await made(c, ['ip4.addr', ip4('10.78.0.3', '10.78.0.4')]);
    await refusesChange(c, list, ['ip4.addr', ip4('10.78.0.1', '10.78.0.3')], 'EADDRINUSE', said);
    await refusesWith(c, ['ip4.addr', ip4('10.78.0.5', '10.78.0.3')], 'EADDRINUSE', said);
  });

  states('a list can be emptied', async (c) => {
    const jid = await made(c, ['ip4.addr', ip4('10.79.0.1')]);
    await changed(c, jid, ['ip4.addr', on]);
    assert.equal((await addressesOf(c, jid, 'ip4.addr')).byteLength, 0);
  });
});
