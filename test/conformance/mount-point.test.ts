import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group } from './harness/group.js';
import { mountedAt, mounts, of, refusesMount, tryPath, unmountRaw } from './harness/mounts.js';

const folder = (c: Case): Promise<string> => c.makeFolder('m');

group('nmount(2): the mount point', 'observed on 12.1', (states) => {
  states('it has to be a directory', async (c) => {
    const scratch = await c.scratch();
    await c.makeFile('file');
    await c.symlink('loop', `${scratch}/loop`);
    await c.symlink('missing', `${scratch}/dangling`);
    await refusesMount(c, of('tmpfs', `${scratch}/missing`), 'ENOENT');
    for (const path of ['file', 'file/', 'file/x'])
      await refusesMount(c, of('tmpfs', `${scratch}/${path}`), 'ENOTDIR');
    await refusesMount(c, of('tmpfs', `${scratch}/loop`), 'ELOOP');
    await refusesMount(c, of('tmpfs', `${scratch}/dangling`), 'ENOENT');
  });

  states('symbolic links, dots and slashes in its path are resolved', async (c) => {
    const scratch = await c.scratch();
    const path = await folder(c);
    await c.symlink('m', `${scratch}/link`);
    for (const spelling of ['link', `../${scratch.split('/').at(-1) ?? ''}/m/./`, '/m//']) {
      await mounts(c, of('tmpfs', `${scratch}/${spelling}`));
      assert.equal((await mountedAt(c, path)).on, path);
      assert.equal(await unmountRaw(c.system.kernel, `${scratch}/${spelling}`), '');
    }
  });

  states('several may lie on one, and the last is unmounted first', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path));
    assert.equal(await tryPath(c.system.kernel, 'mkdir', `${path}/first`, 0o755), '');
    await mounts(c, of('tmpfs', path));
    assert.equal(await tryPath(c.system.kernel, 'rmdir', `${path}/first`), 'ENOENT');
    assert.equal(await unmountRaw(c.system.kernel, path), '');
    assert.equal(await tryPath(c.system.kernel, 'rmdir', `${path}/first`), '');
    assert.equal(await unmountRaw(c.system.kernel, path), '');
    assert.equal(await unmountRaw(c.system.kernel, path), 'EINVAL');
  });
});
