import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginProcess } from '../../../src/jail/process/launch.js';
import { openTemporarily, remove, statusAt, write } from '../../../src/kernel/freebsd/file.js';
import { isKernelError } from '../../../src/kernel/error.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { makeWorld, plainStdio, plan, type World } from './world.js';

// Links of an image that lead to /mnt/outside on the host, for whoever follows them there.
const ways: readonly [what: string, target: (name: string) => string][] = [
  ['an absolute link', (name) => `/mnt/outside/${name}`],
  ['a link upwards', (name) => `../../../../../../mnt/outside/${name}`],
  ['a link out of the root by one step', (name) => `../../outside/${name}`],
];

async function outside({ model }: World): Promise<void> {
  await run(model.freebsd, (b) => {
    const mnt = openTemporarily(b, '/mnt');
    const path = { arena: b.arena.text('outside', 'path') };
    return [{ value: b.call('mkdirat', [mnt, path, 0o755], { object: 'outside' }), decode: () => undefined }];
  });
  for (const [name, data] of [
    ['passwd', 'stranger:*:4242:4242::/:/x\n'],
    ['program', '\x7fELF outside'],
  ] as const) {
    await run(model.freebsd, (b) => {
      const create = { mode: 0o755 };
      const fd = openTemporarily(b, `/mnt/outside/${name}`, { access: 'write', create });
      return write(b, fd, Buffer.from(data), name);
    });
  }
}

async function attempt(world: World, changes: Parameters<typeof plan>[0]) {
  const begun = await beginProcess(world.tools, await plainStdio(world));
  return begun.prepare({ jid: world.jid, plan: plan(changes) });
}

describe('an image that leads out of its root', () => {
  for (const [what, target] of ways) {
    it(`does not name users of the host: ${what}`, async () => {
      const world = await makeWorld(14, { users: false });
      await outside(world);
      await world.link(target('passwd'), '/etc', 'passwd');
      const asked = attempt(world, { user: { kind: 'name', user: 'stranger' } });
      await assert.rejects(asked, /stranger/);
    });

    it(`runs no program of the host: ${what}`, async () => {
      const world = await makeWorld();
      await outside(world);
      await world.link(target('program'), '/bin', 'way');
      await assert.rejects(attempt(world, { args: ['/bin/way'] }), /no such file or directory/);
      await assert.rejects(attempt(world, { args: ['way'] }), /executable file not found in \$PATH/);
    });

    it(`makes no folder on the host: ${what}`, async () => {
      const world = await makeWorld();
      await outside(world);
      await world.link(target('made'), '/usr', 'way');
      await assert.rejects(
        attempt(world, { cwd: '/usr/way/deep' }),
        /^KernelError: chdir: working directory/,
      );
      for (const path of ['/mnt/outside/made', '/mnt/root/mnt/outside']) {
        const found = await run(world.model.freebsd, (b) => b.attempt(() => statusAt(b, path)));
        assert.ok(isKernelError(found, 'ENOENT'), path);
      }
    });

    it(`runs no program of the host that was put there after the check: ${what}`, async () => {
      const world = await makeWorld();
      await outside(world);
      const { start, process } = await attempt(world, { args: ['/bin/program'] }).then((prepared) => ({
        start: () => prepared.start(),
        process: prepared.process,
      }));
      await run(world.model.freebsd, (b) => remove(b, openTemporarily(b, '/mnt/root/bin'), 'program'));
      await world.link(target('program'), '/bin', 'program');
      await assert.rejects(start(), /^RuntimeError: exec: "\/bin\/program": no such file or directory/);
      assert.equal((await process.exited).status, 137);
    });
  }

  it('is no way out by a loop', async () => {
    const world = await makeWorld(14, { users: false });
    await world.link('passwd', '/etc', 'passwd');
    await world.link('loop', '/bin', 'loop');
    await assert.rejects(attempt(world, { args: ['/bin/loop'] }), /no such file or directory/);
    const { process, abandon } = await attempt(world, {}).then((prepared) => ({
      process: prepared.process,
      abandon: () => prepared.abandon(),
    }));
    assert.equal(world.process(process.pid).credential.uid, 0);
    await abandon();
  });
});
