import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group } from './harness/group.js';
import { mounts, nmount, of, refusesMount, unmountRaw, word } from './harness/mounts.js';
import { call, text } from './harness/raw.js';

const folder = (c: Case): Promise<string> => c.makeFolder('m');

group('nmount(2): arguments and errmsg', 'observed on 12.1', (states) => {
  states('fewer than four iovecs or an odd number are refused without a word', async (c) => {
    const path = await folder(c);
    for (const count of [0, 2, 3, 5]) {
      const { error, text: said } = await nmount(c, of('tmpfs', path), 0, { count });
      assert.deepEqual([error, said], ['EINVAL', '']);
    }
  });

  states('errmsg is not needed', async (c) => {
    const { error } = await nmount(c, of('tmpfs', await folder(c)), 0, { errmsg: 'none' });
    assert.equal(error, '');
  });

  states('the type is looked at before the path', async (c) => {
    const path = await folder(c);
    await refusesMount(
      c,
      [
        ['fspath', text(path)],
        ['from', text('x')],
      ],
      'EINVAL',
      'Invalid fstype',
    );
    await refusesMount(
      c,
      [
        ['fstype', text('tmpfs')],
        ['from', text('x')],
      ],
      'EINVAL',
      'Invalid fspath',
    );
  });

  states('a value that is NULL or has no NUL is as if it were not there', async (c) => {
    const path = await folder(c);
    for (const value of [null, Buffer.from('tmpfs')]) {
      await refusesMount(
        c,
        [
          ['fstype', value],
          ['fspath', text(path)],
        ],
        'EINVAL',
        'Invalid fstype',
      );
    }
    for (const value of [null, Buffer.from(path)]) {
      await refusesMount(
        c,
        [
          ['fstype', text('tmpfs')],
          ['fspath', value],
        ],
        'EINVAL',
        'Invalid fspath',
      );
    }
  });

  states('the name of an option needs its NUL', async (c) => {
    const path = await folder(c);
    await refusesMount(c, of('tmpfs', path, [Buffer.from('ro'), null]), 'EINVAL');
    await refusesMount(c, of('tmpfs', path, [new Uint8Array(0), null]), 'EINVAL');
  });

  states('an unknown type is ENODEV', async (c) => {
    const path = await folder(c);
    for (const type of ['nosuchfs', '', 'abcdefghijklmno']) await refusesMount(c, of(type, path), 'ENODEV');
  });

  states('a type has at most 16 bytes with its NUL, whatever is in them', async (c) => {
    const path = await folder(c);
    await refusesMount(c, of('abcdefghijklmnop', path), 'ENAMETOOLONG');
    const padded = (length: number): Uint8Array => Buffer.concat([Buffer.from('tmpfs')], length);
    await refusesMount(
      c,
      [
        ['fstype', padded(25)],
        ['fspath', text(path)],
      ],
      'ENAMETOOLONG',
    );
    await mounts(c, [
      ['fstype', padded(16)],
      ['fspath', text(path)],
    ]);
  });

  states('a path has at most 1024 bytes with its NUL, its names 255', async (c) => {
    const scratch = await c.scratch();
    const names = (length: number): string => `${scratch}/${'x'.repeat(length)}`;
    await refusesMount(c, of('tmpfs', ''), 'ENOENT');
    await refusesMount(c, of('tmpfs', names(255)), 'ENOENT');
    await refusesMount(c, of('tmpfs', names(256)), 'ENAMETOOLONG');
    await refusesMount(c, of('tmpfs', `${scratch}/${'x/'.repeat(550)}`), 'ENAMETOOLONG');
  });

  states('a bad address of a name is EFAULT', async (c) => {
    const path = await folder(c);
    const { error } = await call(c.system.kernel, 'nmount', (arena) => {
      const parts = of('tmpfs', path).flatMap(([name, value]) => {
        return [
          arena.textSpan(name as string, 'name'),
          { offset: arena.bytes(value ?? new Uint8Array(0)), length: value?.byteLength ?? 0 },
        ];
      });
      const table = arena.iovecs([...parts, null, null]);
      arena.write(table + 72, Uint8Array.of(5));
      return [{ arena: table }, 6, 0];
    });
    assert.equal(error, 'EFAULT');
  });

  states('all options together are at most 64 KiB', async (c) => {
    const path = await folder(c);
    const large = new Uint8Array(40_000);
    await refusesMount(c, of('tmpfs', path, ['x1', large], ['x2', large]), 'EINVAL');
  });

  states('of an option that comes twice the last counts', async (c) => {
    const [first, second] = [await c.makeFolder('first'), await c.makeFolder('second')];
    await mounts(c, of('tmpfs', first, ['fspath', text(second)]));
    assert.equal(await unmountRaw(c.system.kernel, first), 'EINVAL');
    assert.equal(await unmountRaw(c.system.kernel, second), '');
  });

  const cuts: [length: number, kept: string][] = [
    [1, 'I'],
    [4, 'Inva'],
    [14, 'Invalid fstype'],
    [15, 'Invalid fstype\0'],
    [20, 'Invalid fstype\0\0\0\0\0\0'],
  ];
  for (const [length, kept] of cuts) {
    states(`errmsg of ${length} bytes is cut, and not always ended with a NUL`, async (c) => {
      const options = [
        ['fspath', text(await folder(c))],
        ['from', text('x')],
      ] as const;
      const { errmsg } = await nmount(c, options, 0, { errmsg: { length, fill: 0xee } });
      assert.equal(Buffer.from(errmsg).toString(), kept);
    });
  }

  states('what a file system says is cut in the same way', async (c) => {
    const options = of('tmpfs', await folder(c), ['bogus', text('1')]);
    const { errmsg } = await nmount(c, options, 0, { errmsg: { length: 4, fill: 0xee } });
    assert.equal(Buffer.from(errmsg).toString(), 'moun');
  });

  states('without words the buffer keeps what was in it', async (c) => {
    const { error, errmsg } = await nmount(c, of('nosuchfs', await folder(c)), 0, {
      errmsg: { length: 20, fill: 0xee },
    });
    assert.deepEqual([error, errmsg], ['ENODEV', new Uint8Array(20).fill(0xee)]);
  });

  states('errmsg may be NULL', async (c) => {
    const { error } = await nmount(c, [['fspath', text(await folder(c))], word('ro')], 0, { errmsg: null });
    assert.equal(error, 'EINVAL');
  });
});
