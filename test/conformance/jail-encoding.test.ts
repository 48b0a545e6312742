import assert from 'node:assert/strict';
import { group, on12 } from './harness/group.js';
import { create, ints, jailSet, made, on, refuses, refusesWith, textOf, update } from './harness/jails.js';
import { call, int, text } from './harness/raw.js';

group('jail_set(2): call form and encoding', 'observed on 12.1', (states) => {
  states('a new jail has the defaults', async (c) => {
    const jid = await made(c);
    const names = ['persist', 'vnet', 'ip4', 'ip6', 'host', 'enforce_statfs', 'devfs_ruleset', 'securelevel'];
    assert.deepEqual(await ints(c, jid, ...names), [1, 2, 0, 0, 1, 2, 0, -1]);
    const more = [
      'children.max',
      'children.cur',
      'parent',
      'dying',
      'sysvmsg',
      'sysvsem',
      'sysvshm',
      'ip4.saddrsel',
    ];
    assert.deepEqual(await ints(c, jid, ...more), [0, 0, 0, 0, 0, 0, 0, 1]);
    assert.equal(await textOf(c, jid, 'path'), '/');
  });

  states('neither create nor update is refused', async (c) => {
    const said = 'no valid operation (create or update)';
    await refuses(
      c,
      [
        ['name', text(c.name())],
        ['persist', on],
      ],
      'EINVAL',
      said,
      0,
    );
  });

  states('an unknown flag is refused before anything is read', async (c) => {
    await refuses(c, [['nosuch', on]], 'EINVAL', '', create | 0x1000);
  });

  states('an odd number of iovecs is refused without a word', async (c) => {
    const options = [
      ['name', text(c.name())],
      ['persist', on],
    ] as const;
    const { error, text: said } = await jailSet(c, options, create, { count: 5 });
    assert.deepEqual([error, said], ['EINVAL', '']);
  });

  states('no iovec at all is a jail that does not persist', async (c) => {
    const { error } = await call(c.system.kernel, 'jail_set', () => [0, 0, create]);
    assert.equal(error, 'EINVAL');
  });

  states('a jail without a name is called by its jid', async (c) => {
    const { value, error } = await jailSet(c, [['persist', on]]);
    assert.equal(error, '');
    assert.equal(await textOf(c, value, 'name'), String(value));
  });

  states('the name of a parameter needs its NUL', async (c) => {
    await refuses(
      c,
      [
        [Buffer.from('name'), text(c.name())],
        ['persist', on],
      ],
      'EINVAL',
    );
  });

  states('text needs its NUL', async (c) => {
    await refuses(
      c,
      [
        ['name', Buffer.from(c.name())],
        ['persist', on],
      ],
      'EINVAL',
    );
    await refuses(
      c,
      [
        ['name', on],
        ['persist', on],
      ],
      'EINVAL',
    );
  });

  states('an empty name is that of the jid', async (c) => {
    const { value } = await jailSet(c, [
      ['name', text('')],
      ['persist', on],
    ]);
    assert.equal(await textOf(c, value, 'name'), String(value));
  });

  states('text ends at its first NUL', async (c) => {
    const name = c.name();
    const { value } = await jailSet(c, [
      ['name', text(`${name}\0zz`)],
      ['persist', on],
    ]);
    assert.equal(await textOf(c, value, 'name'), name);
  });

  for (const length of [0, 2, 8]) {
    states(`an int of ${length} bytes is refused`, (c) => {
      return refusesWith(c, ['securelevel', length === 0 ? on : new Uint8Array(length)], 'EINVAL');
    });
  }

  states('vnet is a mode, not a flag', async (c) => {
    await refusesWith(c, ['vnet', on], 'EINVAL');
    await refusesWith(c, ['vnet', int(0)], 'EINVAL');
    await refusesWith(c, ['vnet', int(3)], 'EINVAL');
  });

  states('vnet 2 is the stack of the parent, 1 one of its own', async (c) => {
    const shared = await made(c, ['vnet', int(2)]);
    assert.deepEqual(await ints(c, shared, 'vnet'), [2]);
    const own = await made(c, ['vnet', int(1)]);
    assert.deepEqual(await ints(c, own, 'vnet', 'ip4', 'ip6'), [1, 2, 2]);
  });

  states('the value of a flag is not looked at', async (c) => {
    for (const value of [0, 1]) {
      const { value: jid } = await jailSet(c, [
        ['name', text(c.name())],
        ['persist', int(value)],
      ]);
      assert.deepEqual(await ints(c, jid, 'persist'), [1]);
    }
  });

  states('of a flag and its opposite the last counts', async (c) => {
    const said = 'new jail must persist or attach';
    await refuses(
      c,
      [
        ['name', text(c.name())],
        ['persist', on],
        ['nopersist', on],
      ],
      'EINVAL',
      said,
    );
    const { error } = await jailSet(c, [
      ['name', text(c.name())],
      ['nopersist', on],
      ['persist', on],
    ]);
    assert.equal(error, '');
    const jid = await made(c, ['allow.mount', on], ['allow.nomount', on]);
    assert.deepEqual(await ints(c, jid, 'allow.mount'), [0]);
  });

  states('of a parameter that comes twice the last counts', async (c) => {
    const [first, second] = [c.name(), c.name()];
    const { value } = await jailSet(c, [
      ['name', text(first)],
      ['name', text(second)],
      ['persist', on],
    ]);
    assert.equal(await textOf(c, value, 'name'), second);
    const jid = await made(c, ['securelevel', int(1)], ['securelevel', int(2)], ['persist', on]);
    assert.deepEqual(await ints(c, jid, 'securelevel'), [2]);
  });

  states('an unknown parameter is named, the first of several', async (c) => {
    await refusesWith(c, ['nosuch', on], 'EINVAL', 'unknown parameter: nosuch');
    await refusesWith(
      c,
      [
        ['zz1', on],
        ['zz2', on],
      ],
      'EINVAL',
      'unknown parameter: zz1',
    );
    await refusesWith(c, ['', on], 'EINVAL', 'unknown parameter: ');
  });

  states('a wrong length is found before an unknown parameter', (c) => {
    return refusesWith(
      c,
      [
        ['nosuch', on],
        ['securelevel', new Uint8Array(8)],
      ],
      'EINVAL',
    );
  });

  for (const name of ['parent', 'dying', 'cpuset.id']) {
    states(`${name} can only be read`, (c) => {
      return refusesWith(c, [name, int(0)], 'EINVAL', `unknown parameter: ${name}`);
    });
  }

  states('the words are cut to the buffer, with a NUL', async (c) => {
    const options = [
      ['name', text(c.name())],
      ['persist', on],
      ['nosuch', on],
    ] as const;
    for (const [length, kept] of [
      [8, 'unknown\0'],
      [1, '\0'],
    ] as const) {
      const { errmsg } = await jailSet(c, options, create, { errmsg: { length, fill: 0 } });
      assert.equal(Buffer.from(errmsg).toString(), kept);
    }
  });

  states('without words the buffer keeps what was in it', async (c) => {
    const more = { errmsg: { length: 32, fill: 0xaa } };
    const bad = [
      ['name', text(c.name())],
      ['persist', on],
      ['securelevel', new Uint8Array(8)],
    ] as const;
    const untouched = new Uint8Array(32).fill(0xaa);
    assert.deepEqual((await jailSet(c, bad, create, more)).errmsg, untouched);
    const good = await jailSet(
      c,
      [
        ['name', text(c.name())],
        ['persist', on],
      ],
      create,
      more,
    );
    assert.deepEqual([good.error, good.errmsg], ['', untouched]);
  });

  states('errmsg may be NULL', async (c) => {
    const { error } = await jailSet(c, [['name', text(c.name())]], create, { errmsg: null });
    assert.equal(error, 'EINVAL');
  });

  states('bad addresses are EFAULT', async (c) => {
    const noList = await call(c.system.kernel, 'jail_set', () => [0, 4, create]);
    assert.equal(noList.error, 'EFAULT');
    const noValue = await call(c.system.kernel, 'jail_set', (arena) => {
      const table = arena.iovecs([arena.textSpan('name', 'name'), null]);
      arena.write(table + 16, Uint8Array.of(1));
      arena.write(table + 24, Uint8Array.of(3));
      return [{ arena: table }, 2, create];
    });
    assert.equal(noValue.error, 'EFAULT');
  });

  states('all options together are at most 64 KiB', async (c) => {
    await refusesWith(c, ['nosuch', new Uint8Array(70_000)], 'EINVAL');
    await refusesWith(c, ['path', new Uint8Array(70_000)], 'EINVAL');
  });

  for (const name of ['allow', 'allow.dying', 'allow.nomount.nullfs']) {
    states(`there is no parameter ${name}`, (c) => {
      return refusesWith(c, [name, on], 'EINVAL', `unknown parameter: ${name}`);
    });
  }

  states(
    'some parameters came only after 12.1',
    async (c) => {
      for (const name of [
        'unprivileged_proc_debug',
        'suser',
        'nfsd',
        'extattr',
        'adjtime',
        'settime',
        'routing',
      ]) {
        await refusesWith(c, [`allow.${name}`, on], 'EINVAL', `unknown parameter: allow.${name}`);
      }
    },
    on12,
  );

  states('an allow parameter is on by its name, off by the other, and both can be read', async (c) => {
    const names = [
      'set_hostname',
      'sysvipc',
      'raw_sockets',
      'chflags',
      'mount',
      'quotas',
      'socket_af',
      'mlock',
      'reserved_ports',
    ];
    const defaults = names.map((name) => (['set_hostname', 'reserved_ports'].includes(name) ? 1 : 0));
    const jid = await made(c);
    assert.deepEqual(await ints(c, jid, ...names.map((name) => `allow.${name}`)), defaults);
    for (const name of names) {
      for (const [option, value] of [
        [`allow.${name}`, 1],
        [`allow.no${name}`, 0],
      ] as const) {
        assert.equal(
          (
            await jailSet(
              c,
              [
                ['jid', int(jid)],
                [option, on],
              ],
              update,
            )
          ).error,
          '',
        );
        assert.deepEqual(await ints(c, jid, `allow.${name}`), [value]);
        assert.deepEqual(await ints(c, jid, `allow.no${name}`), [1 - value]);
      }
    }
  });

  for (const type of ['devfs', 'nullfs', 'tmpfs', 'fdescfs', 'procfs', 'linprocfs', 'linsysfs']) {
    states(
      `allow.mount.${type} does not need allow.mount`,
      async (c) => {
        const jid = await made(c, [`allow.mount.${type}`, on]);
        assert.deepEqual(await ints(c, jid, 'allow.mount', `allow.mount.${type}`), [0, 1]);
        assert.equal(
          (
            await jailSet(
              c,
              [
                ['jid', int(jid)],
                [`allow.mount.no${type}`, on],
              ],
              update,
            )
          ).error,
          '',
        );
        assert.deepEqual(await ints(c, jid, `allow.mount.${type}`), [0]);
        assert.deepEqual(await ints(c, jid, `allow.mount.no${type}`), [1]);
      },
      on12,
    );
  }

  states('file systems that are not for jails have no parameter', async (c) => {
    for (const type of ['ufs', 'unionfs', 'cd9660', 'msdosfs']) {
      await refusesWith(c, [`allow.mount.${type}`, on], 'EINVAL', `unknown parameter: allow.mount.${type}`);
    }
  });
});
