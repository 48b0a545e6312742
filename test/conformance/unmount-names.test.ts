import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { mountedAt, mounts, mountsBelow, of, unmountRaw } from './harness/mounts.js';
import { call } from './harness/raw.js';

/** A folder with a tmpfs on it. */
async function mounted(c: Case, name = 'm'): Promise<string> {
  const path = await c.makeFolder(name);
  await mounts(c, of('tmpfs', path));
  return path;
}

const unmount = (c: Case, path: string, flags = 0): Promise<string> =>
  unmountRaw(c.system.kernel, path, flags);

group('unmount(2): what is named', 'observed on 12.1', (states) => {
  states('what is not the root of a mount is EINVAL, also what is missing', async (c) => {
    const path = await mounted(c);
    await c.makeFolder('m/inside');
    const plain = await c.makeFolder('plain');
    const file = await c.makeFile('file');
    for (const each of [plain, file, `${path}/inside`, `${path}/missing`, '']) {
      assert.equal(await unmount(c, each), 'EINVAL', each);
    }
  });

  states('NULL is EFAULT, a long path ENAMETOOLONG', async (c) => {
    assert.equal((await call(c.system.kernel, 'unmount', () => [0, 0])).error, 'EFAULT');
    assert.equal(await unmount(c, '/x'.repeat(550)), 'ENAMETOOLONG');
  });

  states('unknown flags are ignored', async (c) => {
    assert.equal(await unmount(c, await mounted(c), 1), '');
  });

  states('any spelling of its path will do', async (c) => {
    const scratch = await c.scratch();
    const path = await c.makeFolder('m');
    await c.symlink('m', `${scratch}/link`);
    for (const spelling of ['link', 'm/', '../' + (scratch.split('/').at(-1) ?? '') + '/m/.']) {
      await mounts(c, of('tmpfs', path));
      assert.equal(await unmount(c, `${scratch}/${spelling}`), '');
    }
  });

  const idOf = async (c: Case, path: string): Promise<readonly [number, number]> =>
    (await mountedAt(c, path)).id;

  states('its id in decimal, with FSID: before it, will do; an unknown one is ENOENT', async (c) => {
    const { MNT_BYFSID } = c.constants;
    const path = await mounted(c);
    const [first, second] = await idOf(c, path);
    assert.equal(await unmount(c, `FSID:${first}:${second}`, MNT_BYFSID), '');
    assert.equal(await unmount(c, `FSID:${first}:${second}`, MNT_BYFSID), 'ENOENT');
    assert.equal(await unmount(c, 'FSID:1:2', MNT_BYFSID), 'ENOENT');
  });

  const spellings: [what: string, spell: (first: number, second: number) => string][] = [
    ['unsigned', (first, second) => `FSID:${first >>> 0}:${second}`],
    ['with something after it', (first, second) => `FSID:${first}:${second}xyz`],
    ['with blanks before numbers', (first, second) => `FSID: ${first}: ${second}`],
  ];
  for (const [what, spell] of spellings) {
    states(
      `an id ${what} is taken`,
      async (c) => {
        const path = await mounted(c);
        assert.equal(await unmount(c, spell(...(await idOf(c, path))), c.constants.MNT_BYFSID), '');
      },
      on12,
    );
  }

  const wrong: [what: string, spell: (first: number, second: number, path: string) => string][] = [
    ['in lower case', (first, second) => `fsid:${first}:${second}`],
    ['without its prefix', (first, second) => `${first}:${second}`],
    ['of one number', (first) => `FSID:${first}`],
    ['that is a path', (_, __, path) => path],
    ['that is empty', () => ''],
    ['with a blank before it', (first, second) => ` FSID:${first}:${second}`],
  ];
  for (const [what, spell] of wrong) {
    states(`an id ${what} is EINVAL`, async (c) => {
      const path = await mounted(c);
      const [first, second] = await idOf(c, path);
      assert.equal(await unmount(c, spell(first, second, path), c.constants.MNT_BYFSID), 'EINVAL');
    });
  }

  states('an id without the flag is a path', async (c) => {
    const [first, second] = await idOf(c, await mounted(c));
    assert.equal(await unmount(c, `FSID:${first}:${second}`), 'EINVAL');
  });

  states('each mount has an id of its own, also on the same point', async (c) => {
    const path = await mounted(c);
    const first = await idOf(c, path);
    assert.equal(await unmount(c, path), '');
    await mounts(c, of('tmpfs', path));
    assert.notDeepEqual(await idOf(c, path), first);
  });

  states(
    'the lower of two on one point can be named by its id, and needs force',
    async (c) => {
      const { MNT_BYFSID, MNT_FORCE } = c.constants;
      const path = await mounted(c);
      const [first, second] = await idOf(c, path);
      await mounts(c, of('tmpfs', path));
      const id = `FSID:${first}:${second}`;
      assert.equal(await unmount(c, id, MNT_BYFSID), 'EBUSY');
      assert.equal(await unmount(c, id, MNT_BYFSID | MNT_FORCE), '');
      assert.deepEqual(await mountsBelow(c, await c.scratch()), ['tmpfs m']);
    },
    on12,
  );
});
