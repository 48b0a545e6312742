import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { mounts, of, open, tryPath, unmountRaw } from './harness/mounts.js';
import { call, text } from './harness/raw.js';

/** A folder with a tmpfs on it. */
async function mounted(c: Case, name = 'm'): Promise<string> {
  const path = await c.makeFolder(name);
  await mounts(c, of('tmpfs', path));
  return path;
}

const unmount = (c: Case, path: string, flags = 0): Promise<string> =>
  unmountRaw(c.system.kernel, path, flags);

group('unmount(2): what keeps a mount busy', 'observed on 12.1', (states) => {
  states('an open file; by force it is dead', async (c) => {
    const path = await mounted(c);
    const { value } = await open(c, `${path}/f`, c.constants.O_CREAT | c.constants.O_RDWR);
    assert.equal(await unmount(c, path), 'EBUSY');
    assert.equal(await unmount(c, path, c.constants.MNT_FORCE), '');
    const io = async (symbol: string): Promise<string> => {
      return (await call(c.system.kernel, symbol, (arena) => [value, { arena: arena.reserve(256) }, 1]))
        .error;
    };
    assert.deepEqual([await io('write'), await io('read'), await io('fstat')], ['EIO', 'EIO', 'EBADF']);
  });

  states('an open directory; by force nothing is found in it', async (c) => {
    const path = await mounted(c);
    await c.makeFile('m/s');
    const { value } = await open(c, path, c.constants.O_DIRECTORY);
    assert.equal(await unmount(c, path), 'EBUSY');
    assert.equal(await unmount(c, path, c.constants.MNT_FORCE), '');
    const { error } = await call(c.system.kernel, 'openat', (arena) => [
      value,
      { arena: arena.text('s', 'name') },
      0,
      0,
    ]);
    assert.equal(error, 'ENOTDIR');
  });

  states(
    'a working directory; by force it is dead until it is left',
    async (c) => {
      const path = await mounted(c);
      const child = await c.child();
      assert.equal(await tryPath(child, 'chdir', path), '');
      assert.equal(await unmount(c, path), 'EBUSY');
      assert.equal(await unmount(c, path, c.constants.MNT_FORCE), '');
      const { error } = await open(c, '.', c.constants.O_DIRECTORY, child);
      assert.equal(error, 'ENOTDIR');
      assert.equal(await tryPath(child, 'chdir', '/'), '');
    },
    { needs: ['processes'] },
  );

  states(
    'whoever is where something is mounted is in the mount',
    async (c) => {
      const path = await c.makeFolder('m');
      const child = await c.child();
      assert.equal(await tryPath(child, 'chdir', path), '');
      await mounts(c, of('tmpfs', path));
      assert.equal(await tryPath(child, 'mkdir', 'new', 0o755), '');
      assert.equal(await tryPath(c.system.kernel, 'rmdir', `${path}/new`), '');
      assert.equal(await unmount(c, path), 'EBUSY');
      assert.equal(await tryPath(child, 'chdir', '/'), '');
      assert.equal(await unmount(c, path), '');
    },
    { ...on12, needs: ['processes'] },
  );

  states('an open file without a name', async (c) => {
    const path = await mounted(c);
    await open(c, `${path}/f`, c.constants.O_CREAT | c.constants.O_RDWR);
    assert.equal(await tryPath(c.system.kernel, 'unlink', `${path}/f`), '');
    assert.equal(await unmount(c, path), 'EBUSY');
  });

  states(
    'an open device of a devfs',
    async (c) => {
      const path = await c.makeFolder('dev');
      await mounts(c, of('devfs', path));
      const { value } = await open(c, `${path}/null`, c.constants.O_RDWR);
      assert.equal(await unmount(c, path), 'EBUSY');
      assert.equal(await unmount(c, path, c.constants.MNT_FORCE), '');
      const { error } = await call(c.system.kernel, 'read', (arena) => [
        value,
        { arena: arena.reserve(8) },
        1,
      ]);
      assert.equal(error, 'EIO');
    },
    on12,
  );

  states('MNT_NONBUSY wins over MNT_FORCE', async (c) => {
    const { MNT_FORCE, MNT_NONBUSY } = c.constants;
    const path = await mounted(c);
    const { value } = await open(c, `${path}/f`, c.constants.O_CREAT | c.constants.O_RDWR);
    assert.equal(await unmount(c, path, MNT_NONBUSY), 'EBUSY');
    assert.equal(await unmount(c, path, MNT_NONBUSY | MNT_FORCE), 'EBUSY');
    assert.equal((await call(c.system.kernel, 'close', () => [value])).error, '');
    assert.equal(await unmount(c, path, MNT_NONBUSY), '');
  });

  states('a file that is open through its source does not keep a nullfs busy', async (c) => {
    const [source, path] = [await c.makeFolder('source'), await c.makeFolder('m')];
    await mounts(c, of('nullfs', path, ['target', text(source)]));
    await open(c, `${source}/f`, c.constants.O_CREAT | c.constants.O_RDWR);
    assert.equal(await unmount(c, path), '');
  });
});
