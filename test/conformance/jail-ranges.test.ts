import assert from 'node:assert/strict';
import { group, on12 } from './harness/group.js';
import { ints, jailSet, made, on, refusesWith, textOf, update } from './harness/jails.js';
import { int, text, type RawOption } from './harness/raw.js';
import type { Case } from './harness/case.js';

const changed = async (c: Case, jid: number, ...options: RawOption[]): Promise<void> => {
  const { error, text: said } = await jailSet(c, [['jid', int(jid)], ...options], update);
  assert.deepEqual([error, said], ['', '']);
};

group('jail_set(2): ranges', 'observed on 12.1', (states) => {
  const good: [name: string, ...values: number[]][] = [
    ['enforce_statfs', 0, 1, 2],
    ['securelevel', -1, 0, 3, 4, 2_147_483_647],
    ['devfs_ruleset', 0, 4, 65_535],
    ['children.max', 0, 1],
    ['sysvmsg', 0, 1, 2],
    ['sysvsem', 0, 1, 2],
    ['sysvshm', 0, 1, 2],
  ];
  for (const [name, ...values] of good) {
    states(
      `${name} may be ${values.join(', ')}`,
      async (c) => {
        for (const value of values)
          assert.deepEqual(await ints(c, await made(c, [name, int(value)]), name), [value]);
      },
      name === 'securelevel' ? { ...on12, needs: ['securelevel -1'] } : {},
    );
  }

  const bad: [name: string, error: string, ...values: number[]][] = [
    ['enforce_statfs', 'EINVAL', -1, 3],
    ['securelevel', 'EPERM', -2, -2_147_483_648],
    ['devfs_ruleset', 'EINVAL', -1, 65_536],
    ['children.max', 'EPERM', 999_999, 1_000_000, 2_147_483_647],
    ['sysvshm', 'EINVAL', 3],
  ];
  for (const [name, error, ...values] of bad) {
    states(
      `${name} may not be ${values.join(', ')}: ${error} without a word`,
      async (c) => {
        for (const value of values) await refusesWith(c, [name, int(value)], error);
      },
      name === 'securelevel' ? { needs: ['securelevel -1'] } : {},
    );
  }

  states('the host may lower what jails may only raise', async (c) => {
    const jid = await made(c, ['securelevel', int(2)], ['enforce_statfs', int(2)]);
    await changed(c, jid, ['securelevel', int(1)], ['enforce_statfs', int(0)], ['devfs_ruleset', int(5)]);
    assert.deepEqual(await ints(c, jid, 'securelevel', 'enforce_statfs', 'devfs_ruleset'), [1, 0, 5]);
  });

  states(
    "allow.sysvipc switches all three to the host's",
    async (c) => {
      const jid = await made(c, ['allow.sysvipc', on]);
      assert.deepEqual(await ints(c, jid, 'sysvmsg', 'sysvsem', 'sysvshm', 'allow.sysvipc'), [2, 2, 2, 1]);
    },
    on12,
  );

  states('osrelease and osreldate are free', async (c) => {
    const jid = await made(c, ['osrelease', text('13.0-RELEASE-p1')], ['osreldate', int(1_300_139)]);
    assert.equal(await textOf(c, jid, 'osrelease'), '13.0-RELEASE-p1');
    assert.deepEqual(await ints(c, jid, 'osreldate'), [1_300_139]);
    assert.deepEqual(await ints(c, await made(c, ['osreldate', int(-5)]), 'osreldate'), [-5]);
    await refusesWith(c, ['osreldate', int(0)], 'EINVAL', 'osreldate cannot be 0');
  });

  states(
    'osrelease has at most 30 characters, and needs no NUL',
    async (c) => {
      const said = 'osrelease string must be 1-31 bytes long';
      for (const length of [31, 32])
        await refusesWith(c, ['osrelease', text('x'.repeat(length))], 'EINVAL', said);
      await refusesWith(c, ['osrelease', on], 'EINVAL', said);
      assert.equal(await textOf(c, await made(c, ['osrelease', text('')]), 'osrelease'), '');
      assert.equal(await textOf(c, await made(c, ['osrelease', Buffer.from('abc')]), 'osrelease'), 'abc');
    },
    on12,
  );
});
