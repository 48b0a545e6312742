import assert from 'node:assert/strict';
import { group, on12 } from './harness/group.js';
import { made, on, refuses, refusesWith, textOf, update } from './harness/jails.js';
import { int, text } from './harness/raw.js';

group('jail_set(2): path', 'observed on 12.1', (states) => {
  states('a path is kept absolute, plain and without symbolic links', async (c) => {
    const scratch = await c.scratch();
    const real = await c.makeFolder('real');
    await c.makeFolder('other');
    await c.symlink('real', `${scratch}/link`);
    for (const path of [real, `${scratch}/link`, `${scratch}//other/../real/./`]) {
      assert.equal(await textOf(c, await made(c, ['path', text(path)]), 'path'), real);
    }
  });

  states('what is no directory is refused without a word', async (c) => {
    const scratch = await c.scratch();
    await c.makeFile('file');
    await c.symlink('loop', `${scratch}/loop`);
    await refusesWith(c, ['path', text(`${scratch}/missing`)], 'ENOENT');
    await refusesWith(c, ['path', text(`${scratch}/file`)], 'ENOTDIR');
    await refusesWith(c, ['path', text(`${scratch}/file/x`)], 'ENOTDIR');
    await refusesWith(c, ['path', text(`${scratch}/loop`)], 'ELOOP');
    await refusesWith(c, ['path', text('')], 'ENOENT');
    await refusesWith(c, ['path', on], 'EINVAL');
    await refusesWith(c, ['path', Buffer.from(scratch)], 'EINVAL');
  });

  states('a path has at most 1023 bytes, and each of its names 255', async (c) => {
    const scratch = await c.scratch();
    const longest = scratch.padEnd(1023, '/.').replace(/\/$/, '/');
    assert.equal(await textOf(c, await made(c, ['path', text(longest)]), 'path'), scratch);
    await refusesWith(c, ['path', text(`${longest}/`)], 'ENAMETOOLONG');
    await refusesWith(c, ['path', text(`${scratch}/${'x'.repeat(256)}`)], 'ENAMETOOLONG');
  });

  states('several jails may have one root', async (c) => {
    const path = await c.scratch();
    await made(c, ['path', text(path)]);
    await made(c, ['path', text(path)]);
  });

  states('it cannot be changed, not even to what it is', async (c) => {
    const path = await c.scratch();
    const jid = await made(c, ['path', text(path)]);
    const said = 'path cannot be changed after creation';
    await refuses(
      c,
      [
        ['jid', int(jid)],
        ['path', text(path)],
      ],
      'EINVAL',
      said,
      update,
    );
  });

  states(
    'a root can be removed or renamed, and is told as it was',
    async (c) => {
      const [removed, renamed] = [await c.makeFolder('removed'), await c.makeFolder('renamed')];
      const jids = [await made(c, ['path', text(removed)]), await made(c, ['path', text(renamed)])];
      await c.removeFolder(removed);
      await c.rename(renamed, `${renamed}2`);
      for (const [index, path] of [removed, renamed].entries()) {
        assert.equal(await textOf(c, jids[index] ?? 0, 'path'), path);
      }
    },
    on12,
  );
});
