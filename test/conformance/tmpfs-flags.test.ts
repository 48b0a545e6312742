import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { flagsAt, mounts, of, open, tryPath, unmountRaw, word } from './harness/mounts.js';

const folder = (c: Case): Promise<string> => c.makeFolder('m');
const LOCAL = 0x1000;

group('nmount(2): flags of a tmpfs', 'observed on 12.1', (states) => {
  const flagged: [option: string, flags: number][] = [
    ['ro', 0x1001],
    ['rdonly', 0x1001],
    ['noexec', 0x1004],
    ['nosuid', 0x1008],
    ['union', 0x1020],
    ['automounted', 0x2_0000_1000],
    ['exec', LOCAL],
    ['norw', LOCAL],
  ];
  for (const [option, flags] of flagged) {
    states(
      `the option ${option} makes it 0x${flags.toString(16)}`,
      async (c) => {
        const path = await folder(c);
        await mounts(c, of('tmpfs', path, word(option)));
        assert.equal(await flagsAt(c, path), flags);
      },
      on12,
    );
  }

  states('as bits of the argument all of them are taken', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path), 0x10c0_002c);
    assert.equal(await flagsAt(c, path), 0x10c0_102c);
  });

  states('some bits of the argument are ignored', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path), 0x7100);
    assert.equal(await flagsAt(c, path), LOCAL);
  });

  states('read-only by the argument alone, unless the options say rw', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path), c.constants.MNT_RDONLY);
    assert.equal(await flagsAt(c, path), 0x1001);
    assert.equal((await open(c, `${path}/f`, c.constants.O_CREAT | c.constants.O_WRONLY)).error, 'EROFS');
    assert.equal(await unmountRaw(c.system.kernel, path), '');
    await mounts(c, of('tmpfs', path, word('rw')), c.constants.MNT_RDONLY);
    assert.equal(await flagsAt(c, path), LOCAL);
  });

  for (const [options, flags] of [
    [['ro', 'rw'], LOCAL],
    [['rw', 'ro'], 0x1001],
  ] as const) {
    states(`of ${options.join(' and ')} the last counts`, async (c) => {
      const path = await folder(c);
      await mounts(c, of('tmpfs', path, ...options.map(word)));
      assert.equal(await flagsAt(c, path), flags);
    });
  }

  states('on a read-only one nothing can be made, and even what is missing is EROFS to remove', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path, word('ro')));
    assert.equal(await tryPath(c.system.kernel, 'mkdir', `${path}/d`, 0o755), 'EROFS');
    assert.equal(await tryPath(c.system.kernel, 'unlink', `${path}/missing`), 'EROFS');
  });

  states('with nosymfollow as a bit links are not followed, but can be read', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path), c.constants.MNT_NOSYMFOLLOW);
    await c.symlink('f', `${path}/l`);
    assert.equal((await open(c, `${path}/l`, c.constants.O_RDONLY)).error, 'EACCES');
  });
});
