import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { mountedAt, mounts, mountsBelow, of, open, tryPath, unmountRaw } from './harness/mounts.js';
import { call, text } from './harness/raw.js';

/** A folder with a tmpfs on it. */
async function mounted(c: Case, name = 'm'): Promise<string> {
  const path = await c.makeFolder(name);
  await mounts(c, of('tmpfs', path));
  return path;
}

const unmount = (c: Case, path: string, flags = 0): Promise<string> =>
  unmountRaw(c.system.kernel, path, flags);

group('unmount(2): mounts in mounts', 'observed on 12.1', (states) => {
  /** n, n/a and n/a/b, each a tmpfs. */
  const nested = async (c: Case): Promise<string> => {
    const path = await mounted(c, 'n');
    await mounted(c, 'n/a');
    await mounted(c, 'n/a/b');
    return path;
  };

  states('the outer ones are busy: the inner have to go first', async (c) => {
    const path = await nested(c);
    const order = ['', '/a', '/a/b', '/a', ''];
    const outcomes: string[] = [];
    for (const each of order) outcomes.push(await unmount(c, `${path}${each}`));
    assert.deepEqual(outcomes, ['EBUSY', 'EBUSY', '', '', '']);
  });

  states(
    'force strands the inner ones, which go by the path that they had',
    async (c) => {
      const path = await nested(c);
      assert.equal(await unmount(c, path, c.constants.MNT_FORCE), '');
      assert.deepEqual(await mountsBelow(c, path), ['tmpfs a', 'tmpfs a/b']);
      assert.equal((await open(c, `${path}/a`, 0)).error, 'ENOENT');
      assert.equal(await unmount(c, `${path}/a/b`), '');
      assert.equal(await unmount(c, `${path}/a`), '');
    },
    on12,
  );

  states(
    'a mount point cannot be renamed or removed, nor can what it lies in',
    async (c) => {
      const outer = await c.makeFolder('outer');
      const path = await mounted(c, 'outer/m');
      const other = await c.makeFolder('other');
      const rename = async (from: string, to: string): Promise<string> => {
        const { error } = await call(c.system.kernel, 'rename', (a) => [
          { arena: a.text(from, 'path') },
          { arena: a.text(to, 'path') },
        ]);
        return error;
      };
      assert.equal(await rename(path, `${outer}/n`), 'EOPNOTSUPP');
      assert.equal(await tryPath(c.system.kernel, 'rmdir', path), 'EBUSY');
      assert.equal(await tryPath(c.system.kernel, 'rmdir', outer), 'ENOTEMPTY');
      assert.equal(await rename(other, path), 'EXDEV');
      assert.equal(await tryPath(c.system.kernel, 'unlink', path), 'EPERM');
    },
    on12,
  );

  states(
    'after its parent was renamed, a mount is known by its old path only',
    async (c) => {
      const scratch = await c.scratch();
      await c.makeFolder('p');
      const path = await mounted(c, 'p/q');
      await c.rename(`${scratch}/p`, `${scratch}/p2`);
      assert.equal((await mountedAt(c, `${scratch}/p2/q`)).on, path);
      assert.equal(await unmount(c, `${scratch}/p2/q`), 'EINVAL');
      assert.equal(await unmount(c, path), '');
    },
    on12,
  );

  states(
    'what is mounted at the old path of a renamed one is not what is unmounted',
    async (c) => {
      const scratch = await c.scratch();
      await c.makeFolder('p');
      const path = await mounted(c, 'p/q');
      await c.rename(`${scratch}/p`, `${scratch}/p2`);
      await c.makeFolder('p');
      await c.makeFolder('p/q');
      assert.equal(await unmount(c, path), '');
      assert.deepEqual(await mountsBelow(c, scratch), []);
    },
    on12,
  );

  states(
    'the directory below a mount on a nullfs can be removed',
    async (c) => {
      const [source, path] = [await c.makeFolder('source'), await c.makeFolder('m')];
      await c.makeFolder('source/a');
      await mounts(c, of('nullfs', path, ['target', text(source)]));
      await mounts(c, of('tmpfs', `${path}/a`));
      await c.removeFolder(`${source}/a`);
      assert.equal(await unmount(c, `${path}/a`), '');
      assert.equal(await unmount(c, path), '');
    },
    on12,
  );

  states('the mode of a covered directory comes back', async (c) => {
    const path = await c.makeFolder('m');
    await mounts(c, of('tmpfs', path));
    assert.equal(await tryPath(c.system.kernel, 'chmod', path, 0o700), '');
    assert.equal(await unmount(c, path), '');
    assert.equal(await tryPath(c.system.kernel, 'rmdir', path), '');
  });
});
