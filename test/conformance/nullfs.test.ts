import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import {
  flagsAt,
  mountedAt,
  mounts,
  mountsBelow,
  of,
  open,
  refusesMount,
  tryPath,
  unmountRaw,
  word,
} from './harness/mounts.js';
import { call, text, type RawOption } from './harness/raw.js';
import { statusAt } from '../../src/kernel/freebsd/file.js';

group('nullfs(5)', 'observed on 12.1', (states) => {
  /** A source with a file and a folder in it, and a folder to mount it on. */
  const folders = async (c: Case): Promise<{ source: string; target: string; scratch: string }> => {
    const scratch = await c.scratch();
    const source = await c.makeFolder('source');
    await c.makeFolder('source/sub');
    await c.makeFile('source/f', 'source file');
    const target = await c.makeFolder('target');
    // A nullfs tells the flags that the file system below has told last.
    await mountedAt(c, scratch);
    return { source, target, scratch };
  };
  const target = (path: string): RawOption => ['target', text(path)];

  states(
    'it wants a target, and ignores what it comes from',
    async (c) => {
      const { source, target: at } = await folders(c);
      await refusesMount(c, of('nullfs', at, ['from', text(source)]), 'EINVAL');
      await refusesMount(c, of('nullfs', at), 'EINVAL');
      await mounts(c, of('nullfs', at, ['from', text('/bin')], target(source)));
      const { type, from, on, flags } = await mountedAt(c, at);
      assert.deepEqual({ type, from, on, flags }, { type: 'nullfs', from: source, on: at, flags: 0x1000n });
    },
    on12,
  );

  states('the target is text with its NUL, and has to be there', async (c) => {
    const { target: at, source, scratch } = await folders(c);
    await refusesMount(c, of('nullfs', at, target('')), 'ENOENT');
    await refusesMount(c, of('nullfs', at, ['target', Buffer.from(source)]), 'EINVAL');
    await refusesMount(c, of('nullfs', at, target(`${scratch}/missing`)), 'ENOENT');
  });

  states('inodes are those of the source, the device is not', async (c) => {
    const { source, target: at } = await folders(c);
    await mounts(c, of('nullfs', at, target(source)));
    const [below, above] = await c.run((b) => [statusAt(b, `${source}/f`), statusAt(b, `${at}/f`)]);
    assert.equal(below.inode, above.inode);
    assert.notEqual(below.device, above.device);
  });

  states(
    "a file can be given a directory's place, not a file's",
    async (c) => {
      const { source, target: at } = await folders(c);
      const file = await c.makeFile('file');
      await refusesMount(c, of('nullfs', file, target(`${source}/f`)), 'ENOTDIR');
      await refusesMount(c, of('nullfs', file, target(source)), 'ENOTDIR');
      await mounts(c, of('nullfs', at, target(`${source}/f`)));
      assert.equal((await c.run((b) => statusAt(b, at))).kind, 'file');
      assert.equal(await unmountRaw(c.system.kernel, at), '');
    },
    on12,
  );

  states(
    'a device can be too',
    async (c) => {
      const { target: at } = await folders(c);
      await mounts(c, of('nullfs', at, target('/dev/null')));
      assert.equal((await c.run((b) => statusAt(b, at))).kind, 'character device');
    },
    on12,
  );

  states('where it comes from is told as it was given', async (c) => {
    const { target: at, scratch } = await folders(c);
    await c.symlink('source', `${scratch}/link`);
    await mounts(c, of('nullfs', at, target(`${scratch}/link`)));
    assert.equal((await mountedAt(c, at)).from, `${scratch}/link`);
    assert.equal(await tryPath(c.system.kernel, 'rmdir', `${at}/missing`), 'ENOENT');
  });

  states('the same source twice on one point is EDEADLK, another one is stacked', async (c) => {
    const { source, target: at, scratch } = await folders(c);
    const other = await c.makeFolder('other');
    await mounts(c, of('nullfs', at, target(source)));
    await refusesMount(c, of('nullfs', at, target(source)), 'EDEADLK');
    await mounts(c, of('nullfs', at, target(other)));
    assert.deepEqual(await mountsBelow(c, scratch), ['nullfs target', 'nullfs target']);
  });

  states('read-only holds for it, not for its source', async (c) => {
    const { source, target: at } = await folders(c);
    const { O_CREAT, O_WRONLY } = c.constants;
    await mounts(c, of('nullfs', at, target(source), word('ro')));
    assert.equal(await flagsAt(c, at), 0x1001);
    assert.equal((await open(c, `${at}/new`, O_CREAT | O_WRONLY)).error, 'EROFS');
    assert.equal((await open(c, `${at}/f`, O_WRONLY)).error, 'EROFS');
    assert.equal(await tryPath(c.system.kernel, 'unlink', `${at}/f`), 'EROFS');
    assert.equal((await open(c, `${source}/new`, O_CREAT | O_WRONLY)).error, '');
    assert.equal((await open(c, `${at}/new`, c.constants.O_RDONLY)).error, '');
  });

  states(
    'of a read-only file system it shows that only once that was asked itself',
    async (c) => {
      const { target: at } = await folders(c);
      const below = await c.makeFolder('below');
      await mounts(c, of('tmpfs', below, word('ro')));
      await mounts(c, of('nullfs', at, target(below)));
      assert.equal(await flagsAt(c, at), 0);
      assert.equal((await open(c, `${at}/new`, c.constants.O_CREAT | c.constants.O_WRONLY)).error, 'EROFS');
      assert.equal(await flagsAt(c, below), 0x1001);
      assert.equal(await flagsAt(c, at), 0x1001);
    },
    on12,
  );

  states(
    'what it shows cannot be unmounted, not even by force',
    async (c) => {
      const { target: at } = await folders(c);
      const below = await c.makeFolder('below');
      await mounts(c, of('tmpfs', below));
      await mounts(c, of('nullfs', at, target(below)));
      assert.equal(await unmountRaw(c.system.kernel, below), 'EBUSY');
      assert.equal(await unmountRaw(c.system.kernel, below, c.constants.MNT_FORCE), 'EBUSY');
      assert.equal(await unmountRaw(c.system.kernel, at), '');
      assert.equal(await unmountRaw(c.system.kernel, below), '');
    },
    on12,
  );

  states(
    'with nocache what it shows can be, by force, and it is dead then',
    async (c) => {
      const { target: at, scratch } = await folders(c);
      const below = await c.makeFolder('below');
      await mounts(c, of('tmpfs', below));
      await c.makeFolder('below/s');
      await mounts(c, of('nullfs', at, target(`${below}/s`), word('nocache')));
      assert.equal(await unmountRaw(c.system.kernel, below), 'EBUSY');
      assert.equal(await unmountRaw(c.system.kernel, below, c.constants.MNT_FORCE), '');
      assert.deepEqual(await mountsBelow(c, scratch), ['nullfs target']);
    },
    on12,
  );

  states('one of another one has to be unmounted first', async (c) => {
    const { source, target: at } = await folders(c);
    const second = await c.makeFolder('second');
    await mounts(c, of('nullfs', at, target(source)));
    await mounts(c, of('nullfs', second, target(at)));
    assert.equal((await c.run((b) => statusAt(b, `${second}/f`))).kind, 'file');
    assert.equal(await unmountRaw(c.system.kernel, at), 'EBUSY');
    assert.equal(await unmountRaw(c.system.kernel, second), '');
    assert.equal(await unmountRaw(c.system.kernel, at), '');
  });

  states('mounts in the source are not shown, and those in it are not in the source', async (c) => {
    const { source, target: at, scratch } = await folders(c);
    await mounts(c, of('tmpfs', `${source}/sub`));
    await c.makeFile('source/sub/inner');
    await mounts(c, of('nullfs', at, target(source)));
    assert.equal((await open(c, `${at}/sub/inner`, c.constants.O_RDONLY)).error, 'ENOENT');
    await mounts(c, of('tmpfs', `${at}/sub`));
    assert.equal((await open(c, `${source}/sub/inner`, c.constants.O_RDONLY)).error, '');
    assert.deepEqual(await mountsBelow(c, scratch), [
      'tmpfs source/sub',
      'nullfs target',
      'tmpfs target/sub',
    ]);
  });

  states('a symbolic link in the tree sends the mount elsewhere', async (c) => {
    const { source, target: at, scratch } = await folders(c);
    await c.makeFolder('tree');
    await c.symlink(at, `${scratch}/tree/absolute`);
    await c.symlink('../target', `${scratch}/tree/relative`);
    for (const link of ['absolute', 'relative']) {
      await mounts(c, of('nullfs', `${scratch}/tree/${link}`, target(source)));
      assert.equal((await mountedAt(c, at)).on, at);
      assert.equal(await unmountRaw(c.system.kernel, at), '');
    }
  });

  states(
    'the source can be within the mount point',
    async (c) => {
      const { source } = await folders(c);
      await mounts(c, of('nullfs', source, target(`${source}/sub`)));
      assert.equal((await open(c, `${source}/f`, c.constants.O_RDONLY)).error, 'ENOENT');
      assert.equal(await unmountRaw(c.system.kernel, source), '');
    },
    on12,
  );

  states(
    'the source directory can be removed, and nothing is there then',
    async (c) => {
      const { target: at } = await folders(c);
      const source = await c.makeFolder('removed');
      await mounts(c, of('nullfs', at, target(source)));
      await c.removeFolder(source);
      assert.equal(await tryPath(c.system.kernel, 'mkdir', `${at}/new`, 0o755), 'ENOENT');
    },
    on12,
  );

  states('links and renames between both are EXDEV', async (c) => {
    const { source, target: at } = await folders(c);
    await mounts(c, of('nullfs', at, target(source)));
    for (const symbol of ['link', 'rename']) {
      const { error } = await call(c.system.kernel, symbol, (a) => [
        { arena: a.text(`${source}/f`, 'path') },
        { arena: a.text(`${at}/g`, 'path') },
      ]);
      assert.equal(error, 'EXDEV');
    }
  });

  states(
    'noexec and nosuid are taken by name, noatime is not shown',
    async (c) => {
      const { source, target: at } = await folders(c);
      await mounts(c, of('nullfs', at, target(source), word('nosuid'), word('noexec'), word('noatime')));
      assert.equal(await flagsAt(c, at), 0x100c);
    },
    on12,
  );
});
