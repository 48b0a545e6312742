import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import {
  flagsAt,
  mountedAt,
  mounts,
  of,
  open,
  refusesMount,
  tryPath,
  unmountRaw,
  word,
} from './harness/mounts.js';
import { call, text } from './harness/raw.js';

const folder = (c: Case): Promise<string> => c.makeFolder('m');

group('file systems of the kernel itself', 'observed on 12.1', (states) => {
  for (const [type, flags] of [
    ['devfs', 0],
    ['fdescfs', 0],
    ['procfs', 0x1000],
    ['linprocfs', 0x1000],
    ['linsysfs', 0x1000],
  ] as const) {
    states(
      `${type} comes from itself, with flags 0x${flags.toString(16)}`,
      async (c) => {
        const path = await folder(c);
        await mounts(c, of(type, path, ['from', text('other')]));
        const found = await mountedAt(c, path);
        assert.deepEqual([found.type, found.from, Number(found.flags)], [type, type, flags]);
      },
      on12,
    );
  }

  states(
    'the flags of a devfs cannot be read from it',
    async (c) => {
      const path = await folder(c);
      await mounts(c, of('devfs', path, word('noexec'), word('nosuid')));
      await mounts(c, of('devfs', path, word('update'), word('ro')));
      assert.equal(await flagsAt(c, path), 0);
      await refusesMount(
        c,
        of('devfs', path, word('nosymfollow')),
        'EINVAL',
        'mount option <nosymfollow> is unknown',
      );
    },
    on12,
  );

  states('types that the kernel does not have are ENODEV', async (c) => {
    await refusesMount(c, of('nosuchfs', await folder(c), ['from', text('x')]), 'ENODEV');
  });

  states('nothing can be made in procfs and fdescfs', async (c) => {
    const path = await folder(c);
    for (const type of ['procfs', 'fdescfs']) {
      await mounts(c, of(type, path));
      assert.equal(await tryPath(c.system.kernel, 'mkdir', `${path}/new`, 0o755), 'ENOENT');
      assert.equal(await unmountRaw(c.system.kernel, path), '');
    }
  });

  states(
    'fdescfs shows devices, with linrdlnk links',
    async (c) => {
      const path = await folder(c);
      const file = await c.makeFile('file');
      const { value } = await open(c, file, c.constants.O_RDONLY);
      const lstat = async (name: string): Promise<string> => {
        const { error, arena } = await call(c.system.kernel, 'fstatat', (a) => {
          const args = [c.constants.AT_FDCWD, { arena: a.text(`${path}/${name}`, 'path') }];
          return [
            ...args,
            { arena: a.reserve(c.system.bindings.layouts.stat.size) },
            c.constants.AT_SYMLINK_NOFOLLOW,
          ];
        });
        if (error !== '') return error;
        const at =
          arena.byteLength -
          c.system.bindings.layouts.stat.size +
          c.system.bindings.layouts.stat.fields.st_mode.offset;
        return (
          new DataView(arena.buffer, arena.byteOffset).getUint16(at, true) & c.constants.S_IFMT
        ).toString(16);
      };
      await mounts(c, of('fdescfs', path));
      assert.deepEqual(
        [await lstat(String(value)), await lstat('9999'), await lstat('stdin')],
        ['2000', 'EBADF', 'ENOENT'],
      );
      assert.equal(await unmountRaw(c.system.kernel, path), '');
      await mounts(c, of('fdescfs', path, word('linrdlnk')));
      assert.equal(await lstat(String(value)), 'a000');
    },
    on12,
  );
});
