import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12, since13 } from './harness/group.js';
import { mounts, of } from './harness/mounts.js';
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

group('openat(2)', 'observed on 12.1', (states) => {
  states('opens files and directories', async (c) => {
    const { O_DIRECTORY, O_RDWR } = c.constants;
    const { open } = await tree(c);
    assert.equal(await open('f'), 'file');
    assert.equal(await open('lf'), 'file');
    assert.equal(await open('sub', O_DIRECTORY), 'dir');
    assert.equal(await open('f', O_DIRECTORY), 'ENOTDIR');
    assert.equal(await open('sub', O_RDWR), 'EISDIR');
  });

  states(
    'with O_CREAT and O_DIRECTORY it makes nothing',
    async (c) => {
      const { O_CREAT, O_DIRECTORY } = c.constants;
      const { open } = await tree(c);
      assert.equal(await open('sub', O_CREAT), 'dir');
      assert.equal(await open('new', O_CREAT | O_DIRECTORY), 'ENOENT');
      assert.equal(await open('new'), 'ENOENT');
    },
    on12,
  );

  states('with O_NOFOLLOW a symbolic link at the end is EMLINK', async (c) => {
    const { O_NOFOLLOW, O_DIRECTORY } = c.constants;
    const { open } = await tree(c);
    for (const name of ['lf', 'ld', 'dangling', 'loop']) assert.equal(await open(name, O_NOFOLLOW), 'EMLINK');
    assert.equal(await open('ld', O_NOFOLLOW | O_DIRECTORY), 'EMLINK');
    assert.equal(await open('ld/deep', O_NOFOLLOW | O_DIRECTORY), 'dir');
  });

  states(
    'a slash or a dot after the link defeats O_NOFOLLOW',
    async (c) => {
      const { open } = await tree(c);
      for (const name of ['ld/', 'ld/.']) assert.equal(await open(name, c.constants.O_NOFOLLOW), 'dir');
    },
    on12,
  );

  states('O_CREAT through a dangling link makes what it says', async (c) => {
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = c.constants;
    const { open } = await tree(c);
    assert.equal(await open('dangling'), 'ENOENT');
    assert.equal(await open('dangling', O_CREAT | O_EXCL | O_WRONLY), 'EEXIST');
    assert.equal(await open('dangling', O_CREAT | O_NOFOLLOW | O_WRONLY), 'EMLINK');
    assert.equal(await open('dangling', O_CREAT | O_WRONLY), 'file');
    assert.equal(await open('nope'), 'file');
  });

  states('loops are ELOOP', async (c) => {
    assert.equal(await (await tree(c)).open('loop'), 'ELOOP');
  });

  states('links and ".." lead out of the directory', async (c) => {
    const { open } = await tree(c);
    assert.equal(await open('out/secret'), 'file');
    assert.equal(await open('..'), 'dir');
    assert.equal(await open('../out/secret'), 'file');
  });

  states('an absolute path does not look at the descriptor', async (c) => {
    const { open, fd } = await tree(c);
    assert.equal(await open('/'), 'dir');
    assert.equal(await open('/', 0, -1), 'dir');
    assert.equal(await open('x', 0, 9999), 'EBADF');
    assert.equal(await open('', 0, fd), 'ENOENT');
  });

  states('what is no directory is ENOTDIR, what is missing ENOENT', async (c) => {
    const { open } = await tree(c);
    for (const name of ['f/x', 'f/', 'f/.', 'f/..']) assert.equal(await open(name), 'ENOTDIR', name);
    for (const name of ['zz', 'zz/y']) assert.equal(await open(name), 'ENOENT', name);
    assert.equal(await open('x'.repeat(256)), 'ENAMETOOLONG');
    assert.equal(await open('x/'.repeat(512)), 'ENAMETOOLONG');
  });

  states('with O_EXCL all that is there is EEXIST', async (c) => {
    const { open } = await tree(c);
    for (const name of ['f', 'lf', 'sub'])
      assert.equal(await open(name, c.constants.O_CREAT | c.constants.O_EXCL), 'EEXIST');
  });

  states(
    'what is O_RESOLVE_BENEATH later is silently ignored',
    async (c) => {
      const { open } = await tree(c);
      for (const name of ['f', '../out/secret', 'out/secret'])
        assert.equal(await open(name, 0x80_0000), 'file');
    },
    on12,
  );

  states(
    'with O_RESOLVE_BENEATH nothing above is opened',
    async (c) => {
      const { open, scratch } = await tree(c);
      const flag = c.constants.O_RESOLVE_BENEATH ?? 0;
      assert.equal(await open('f', flag), 'file');
      // By itself, by an absolute path and by a link to one.
      for (const name of ['../out/secret', 'sub/../../d/f', '..', `${scratch}/d/f`, 'out/secret', 'out']) {
        assert.equal(await open(name, flag), 'ENOTCAPABLE', name);
      }
      for (const name of ['lf', 'sub/../f', 'ld/../f', './f'])
        assert.equal(await open(name, flag), 'file', name);
    },
    { ...since13, fact: 'open(2)' },
  );

  states('O_EXEC needs the permission, and goes with nothing else', async (c) => {
    const { O_EXEC, O_RDWR } = c.constants;
    const { open } = await tree(c);
    assert.equal(await open('f', O_EXEC), 'EACCES');
    assert.equal(await open('sub', O_EXEC), 'dir');
    assert.equal(await open('f', O_EXEC | O_RDWR), 'EINVAL');
    assert.equal(await open('f', 3), 'EINVAL');
  });

  states(
    'a directory that was opened before something was mounted on it shows what is below, but its dot the mount',
    async (c) => {
      const { open, scratch } = await tree(c);
      await mounts(c, of('tmpfs', `${scratch}/d`));
      await c.makeFile('d/top');
      assert.equal(await open('f'), 'file');
      assert.equal(await open('top'), 'ENOENT');
      assert.equal(await open('./top'), 'file');
      assert.equal(await open('../d/top'), 'file');
    },
    on12,
  );

  states(
    'in a removed directory nothing is found',
    async (c) => {
      const { scratch } = await tree(c);
      const path = await c.makeFolder('gone');
      const { value } = await call(c.system.kernel, 'openat', (a) => [
        c.constants.AT_FDCWD,
        { arena: a.text(path, 'path') },
        c.constants.O_DIRECTORY,
        0,
      ]);
      c.defer(() => call(c.system.kernel, 'close', () => [value]));
      await c.removeFolder(path);
      for (const name of ['x', '.', '..']) {
        const { error } = await call(c.system.kernel, 'openat', (a) => [
          value,
          { arena: a.text(name, 'name') },
          0,
          0,
        ]);
        assert.equal(error, 'ENOENT', `${scratch}: ${name}`);
      }
      const { error } = await call(c.system.kernel, 'mkdirat', (a) => [
        value,
        { arena: a.text('new', 'name') },
        0o755,
      ]);
      assert.equal(error, 'ENOENT');
    },
    on12,
  );
});
