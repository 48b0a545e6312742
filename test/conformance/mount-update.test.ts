import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { flagsAt, mounts, of, open, refusesMount, unmountRaw, word } from './harness/mounts.js';
import { call, text } from './harness/raw.js';

const folder = (c: Case): Promise<string> => c.makeFolder('m');
const LOCAL = 0x1000;

group('nmount(2): changing a mount', 'observed on 12.1', (states) => {
  states('what is not said again is off, but read-only is remembered', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path, word('noexec'), word('nosuid')));
    await mounts(c, of('tmpfs', path, word('update'), word('ro')));
    assert.equal(await flagsAt(c, path), 0x1001);
    await mounts(c, of('tmpfs', path), c.constants.MNT_UPDATE);
    assert.equal(await flagsAt(c, path), 0x1001);
    await mounts(c, of('tmpfs', path, word('update'), word('rw')));
    assert.equal(await flagsAt(c, path), LOCAL);
    await mounts(c, of('tmpfs', path, word('update'), word('noexec')));
    assert.equal(await flagsAt(c, path), 0x1004);
  });

  states('the type is not looked at', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path));
    await mounts(c, of('nosuchfs', path, word('update'), word('rw')));
  });

  states(
    'the size of a tmpfs stays',
    async (c) => {
      const path = await folder(c);
      await mounts(c, of('tmpfs', path, ['size', text('1m')]));
      await refusesMount(c, of('tmpfs', path, word('update'), ['size', text('2m')]), 'EOPNOTSUPP');
      await mounts(c, of('tmpfs', path, word('update'), ['size', text('1m')], word('ro')));
    },
    on12,
  );

  states(
    'options that are for new mounts are EOPNOTSUPP, unknown ones EINVAL',
    async (c) => {
      const path = await folder(c);
      await mounts(c, of('tmpfs', path));
      const mode = of('tmpfs', path, word('update'), ['mode', text('700')]);
      await refusesMount(c, mode, 'EOPNOTSUPP', 'mount option <mode> is unknown');
      const bogus = of('tmpfs', path, word('update'), word('bogus'));
      await refusesMount(c, bogus, 'EINVAL', 'mount option <bogus> is unknown');
    },
    on12,
  );

  states('only the root of a mount can be changed', async (c) => {
    await refusesMount(c, of('tmpfs', await folder(c), word('update'), word('ro')), 'EINVAL');
  });

  states('not to read-only with a file open for writing, unless by force', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path));
    const { value } = await open(c, `${path}/f`, c.constants.O_CREAT | c.constants.O_WRONLY);
    await refusesMount(c, of('tmpfs', path, word('update'), word('ro')), 'EBUSY');
    await mounts(c, of('tmpfs', path, word('update'), word('ro')), c.constants.MNT_FORCE);
    const { error } = await call(c.system.kernel, 'write', (arena) => [
      value,
      { arena: arena.text('x', 'data') },
      1,
    ]);
    assert.equal(error, 'EIO');
  });

  for (const type of ['nullfs', 'fdescfs', 'procfs']) {
    states(`${type} cannot be changed`, async (c) => {
      const path = await folder(c);
      const source = type === 'nullfs' ? [['target', text(await c.makeFolder('source'))] as const] : [];
      await mounts(c, of(type, path, ...source));
      await refusesMount(c, of(type, path, word('update'), word('ro')), 'EOPNOTSUPP');
    });
  }

  states('of two on one point the upper is changed', async (c) => {
    const path = await folder(c);
    await mounts(c, of('tmpfs', path));
    await mounts(c, of('tmpfs', path));
    await mounts(c, of('tmpfs', path, word('update'), word('ro')));
    assert.equal(await flagsAt(c, path), 0x1001);
    assert.equal(await unmountRaw(c.system.kernel, path), '');
    assert.equal(await flagsAt(c, path), LOCAL);
  });
});
