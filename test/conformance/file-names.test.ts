import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { call } from './harness/raw.js';

/** A folder with files and links of all kinds in it, opened as a directory; an outside folder beside it. */
async function tree(c: Case) {
  const scratch = await c.scratch();
  await c.makeFolder('out');
  await c.makeFile('out/secret');
  await c.makeFolder('d');
  await c.makeFolder('d/sub');
  await c.makeFolder('d/sub/deep');
  await c.makeFile('d/f', 'file');
  const links = { lf: 'f', ld: 'sub', dangling: 'nope', loop: 'loop', out: `${scratch}/out` };
  for (const [name, target] of Object.entries(links)) await c.symlink(target, `${scratch}/d/${name}`);
  const { kernel } = c.system;
  const opened = await call(kernel, 'openat', (a) => [
    c.constants.AT_FDCWD,
    { arena: a.text(`${scratch}/d`, 'path') },
    c.constants.O_DIRECTORY,
    0,
  ]);
  assert.equal(opened.error, '');
  c.defer(() => call(kernel, 'close', () => [opened.value]));
  const fd = opened.value;
  return {
    fd,
    scratch,
    /** The errno of an openat, or what was opened. */
    open: async (name: string, flags = 0, directory = fd): Promise<string> => {
      const { value, error } = await call(kernel, 'openat', (a) => [
        directory,
        { arena: a.text(name, 'path') },
        flags,
        0o644,
      ]);
      if (error !== '') return error;
      const { fields, size } = c.system.bindings.layouts.stat;
      let at = 0;
      const { arena } = await call(kernel, 'fstat', (a) => [value, { arena: (at = a.reserve(size)) }]);
      await call(kernel, 'close', () => [value]);
      const mode = new DataView(arena.buffer, arena.byteOffset).getUint16(at + fields.st_mode.offset, true);
      return (mode & c.constants.S_IFMT) === c.constants.S_IFDIR ? 'dir' : 'file';
    },
    /** The errno of another call with a name in the directory. */
    at: async (symbol: string, name: string, ...rest: number[]): Promise<string> => {
      return (await call(kernel, symbol, (a) => [fd, { arena: a.text(name, 'path') }, ...rest])).error;
    },
  };
}

group('other calls below a directory descriptor', 'observed on 12.1', (states) => {
  states('mkdirat', async (c) => {
    const { at } = await tree(c);
    const outcomes: string[] = [];
    for (const name of [
      'm',
      'm',
      'm/',
      'm2/',
      'x/y',
      '..',
      '.',
      '',
      'lf',
      'ld',
      'dangling',
      'ld/new',
      'f/x',
    ]) {
      outcomes.push(await at('mkdirat', name, 0o755));
    }
    const expected = [
      '',
      'EEXIST',
      'EEXIST',
      '',
      'ENOENT',
      'EEXIST',
      'EEXIST',
      'ENOENT',
      'EEXIST',
      'EEXIST',
      'EEXIST',
      '',
      'ENOTDIR',
    ];
    assert.deepEqual(outcomes, expected);
  });

  states('fstatat', async (c) => {
    const { fd } = await tree(c);
    const status = async (name: string, flags: number): Promise<string> => {
      const { size } = c.system.bindings.layouts.stat;
      return (
        await call(c.system.kernel, 'fstatat', (a) => [
          fd,
          { arena: a.text(name, 'name') },
          { arena: a.reserve(size) },
          flags,
        ])
      ).error;
    };
    assert.equal(await status('lf', 0), '');
    assert.equal(await status('loop', 0), 'ELOOP');
    assert.equal(await status('loop', c.constants.AT_SYMLINK_NOFOLLOW), '');
    assert.equal(await status('dangling', 0), 'ENOENT');
    for (const flags of [0x1, 0x100, 0x1_0000]) assert.equal(await status('f', flags), 'EINVAL');
    assert.equal(await status('', 0), 'ENOENT');
  });

  states(
    'unlinkat',
    async (c) => {
      const { AT_REMOVEDIR } = c.constants;
      const { at } = await tree(c);
      assert.equal(await at('unlinkat', 'sub', 0), 'EPERM');
      assert.equal(await at('unlinkat', 'sub', AT_REMOVEDIR), 'ENOTEMPTY');
      for (const name of ['f', 'ld']) assert.equal(await at('unlinkat', name, AT_REMOVEDIR), 'ENOTDIR');
      for (const name of ['.', '..', 'sub/..'])
        assert.equal(await at('unlinkat', name, AT_REMOVEDIR), 'EINVAL');
      assert.equal(await at('unlinkat', 'zz', 0), 'ENOENT');
      assert.equal(await at('unlinkat', 'sub/deep', AT_REMOVEDIR), '');
      assert.equal(await at('unlinkat', 'ld/', 0), 'EPERM');
      assert.equal(await at('unlinkat', 'f/', 0), 'ENOTDIR');
      assert.equal(await at('unlinkat', 'f', 1), 'EINVAL');
      assert.equal(await at('unlinkat', 'lf', 0), '');
    },
    on12,
  );

  states('symlinkat', async (c) => {
    const { fd } = await tree(c);
    const link = async (target: string, name: string): Promise<string> => {
      return (
        await call(c.system.kernel, 'symlinkat', (a) => [
          { arena: a.text(target, 'target') },
          fd,
          { arena: a.text(name, 'name') },
        ])
      ).error;
    };
    assert.equal(await link('t', 's1'), '');
    for (const name of ['s1', 'dangling', 'sub']) assert.equal(await link('t', name), 'EEXIST');
    assert.equal(await link('', 's2'), '');
    assert.equal(await link('t', 'zz/s'), 'ENOENT');
    assert.equal(await link('x'.repeat(1023), 's3'), '');
    assert.equal(await link('x'.repeat(1024), 's4'), 'ENAMETOOLONG');
  });

  states('readlinkat', async (c) => {
    const { fd } = await tree(c);
    const read = async (name: string, room: number): Promise<string | number> => {
      const { value, error } = await call(c.system.kernel, 'readlinkat', (a) => [
        fd,
        { arena: a.text(name, 'name') },
        { arena: a.reserve(64) },
        room,
      ]);
      return error === '' ? value : error;
    };
    assert.deepEqual([await read('lf', 64), await read('ld', 1), await read('ld', 0)], [1, 1, 0]);
    for (const name of ['f', 'sub', 'ld/']) assert.equal(await read(name, 64), 'EINVAL');
    for (const name of ['zz', '']) assert.equal(await read(name, 64), 'ENOENT');
  });

  states('the descriptor has to be that of a directory', async (c) => {
    const { scratch } = await tree(c);
    const { value } = await call(c.system.kernel, 'openat', (a) => [
      c.constants.AT_FDCWD,
      { arena: a.text(`${scratch}/d/f`, 'path') },
      0,
      0,
    ]);
    c.defer(() => call(c.system.kernel, 'close', () => [value]));
    for (const [fd, wanted] of [
      [value, 'ENOTDIR'],
      [9999, 'EBADF'],
    ] as const) {
      const { error } = await call(c.system.kernel, 'mkdirat', (a) => [
        fd,
        { arena: a.text('q', 'name') },
        0o755,
      ]);
      assert.equal(error, wanted);
    }
  });
});
