import assert from 'node:assert/strict';
import { isKernelError } from '../../src/kernel/error.js';
import { statusAt } from '../../src/kernel/freebsd/file.js';
import { becomeProgram, prepareLaunch, type Launch } from '../../src/kernel/freebsd/launch.js';
import { readLimit, setLimit } from '../../src/kernel/freebsd/limit.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, type On } from './harness/group.js';
import { tryPath } from './harness/mounts.js';
import { endOf, errorOf, member, seen, signal, valueOf, type Member } from './harness/processes.js';

const processes: On = { needs: ['processes'] };

/** A root for a jail, with files that look like programs and are none. */
async function tree(c: Case): Promise<{ jid: number; root: string }> {
  const root = await c.makeFolder('root');
  for (const [name, mode] of [
    ['bin', 0o755],
    ['private', 0o700],
  ] as const) {
    const path = await c.makeFolder(`root/${name}`);
    assert.equal(await tryPath(c.system.kernel, 'chmod', path, mode), '');
  }
  for (const [name, mode] of [
    ['program', 0o755],
    ['rootonly', 0o700],
    ['data', 0o644],
  ] as const) {
    const path = await c.makeFile(`root/bin/${name}`, 'this is no program at all\n');
    assert.equal(await tryPath(c.system.kernel, 'chmod', path, mode), '');
  }
  return { root, jid: await c.jail({ path: root }) };
}

const launchIn = (jid: number, changes: Partial<Launch> = {}): Launch => ({
  jid,
  identity: { uid: 1001, gid: 1002, groups: [5] },
  login: 'web',
  workingDirectory: '/srv/deep',
  makeWorkingDirectory: true,
  umask: 0o027,
  limits: [],
  noNewPrivileges: true,
  candidates: ['/bin/program'],
  ...changes,
});

function prepare(c: Case, child: Member, launch: Launch) {
  return prepareLaunch(child.process, c.system.bindings, launch);
}

/** The message of a launch that fails. */
async function failureOf(c: Case, launch: Launch): Promise<string> {
  const child = await member(c);
  return prepare(c, child, launch).then(
    () => '',
    (error: unknown) => {
      if (!isKernelError(error)) throw error;
      return error.message;
    },
  );
}

group(
  'launching a process',
  'observed on 12.1: S1 to S22, K1',
  (states) => {
    states('puts it into the jail, in a session of its own, as the user', async (c) => {
      const { jid } = await tree(c);
      const child = await member(c);
      await prepare(c, child, launchIn(jid));
      const info = await seen(c.system, child);
      assert.ok(info);
      assert.deepEqual(
        [info.jid, info.session, info.group, info.login, info.uid],
        [jid, child.pid, child.pid, 'web', 1001],
      );
      assert.equal(await valueOf(child, 'getegid'), 1002);
      assert.equal(await errorOf(child, 'setuid', 0), 'EPERM');
    });

    states('makes the working directory, below the root of the jail only', async (c) => {
      const { jid, root } = await tree(c);
      await c.symlink('/elsewhere', `${root}/srv`);
      const failed = await failureOf(c, launchIn(jid));
      assert.equal(failed, 'chdir: working directory /srv/deep: ENOENT');
      assert.equal(await tryPath(c.system.kernel, 'rmdir', '/elsewhere'), 'ENOENT');
      const child = await member(c);
      await prepare(c, child, launchIn(jid, { workingDirectory: '/new/deep' }));
      const { kind, mode, uid } = await c.run((b) => statusAt(b, `${root}/new/deep`));
      assert.deepEqual([kind, mode, uid], ['directory', 0o755, 0]);
      assert.equal(await tryPath(child.process, 'chdir', '../deep'), '');
    });

    states('leaves a working directory that is there as it is', async (c) => {
      const { jid, root } = await tree(c);
      await prepare(c, await member(c), launchIn(jid, { workingDirectory: '/bin' }));
      assert.equal((await c.run((b) => statusAt(b, `${root}/bin`))).mode, 0o755);
    });

    states('sets the umask after making folders', async (c) => {
      const { jid, root } = await tree(c);
      const child = await member(c);
      await prepare(c, child, launchIn(jid, { umask: 0o077, identity: { uid: 0, gid: 0, groups: [] } }));
      assert.equal(await tryPath(child.process, 'mkdir', 'mine', 0o777), '');
      assert.equal((await c.run((b) => statusAt(b, `${root}/srv/deep/mine`))).mode, 0o700);
      assert.equal((await c.run((b) => statusAt(b, `${root}/srv/deep`))).mode, 0o755);
    });

    states('raises limits while it is root still', async (c) => {
      const { jid } = await tree(c);
      const parent = await member(c);
      await run(parent.system, (b) => setLimit(b, { name: 'RLIMIT_NOFILE', soft: 64n, hard: 64n }));
      const child = await member(c, parent);
      await prepare(c, child, launchIn(jid, { limits: [{ name: 'RLIMIT_NOFILE', soft: 100n, hard: 200n }] }));
      const { soft, hard } = await run(child.system, (b) => readLimit(b, 'RLIMIT_NOFILE'));
      assert.deepEqual([soft, hard], [100n, 200n]);
    });

    states('names the step that fails', async (c) => {
      const { jid } = await tree(c);
      const folder = (workingDirectory: string): Launch => {
        return launchIn(jid, { workingDirectory, makeWorkingDirectory: false });
      };
      assert.deepEqual(
        [
          await failureOf(c, launchIn(4711)),
          await failureOf(c, folder('/none')),
          await failureOf(c, folder('/bin/data')),
          await failureOf(c, folder('/private')),
        ],
        [
          'jail_attach: jail 4711: EINVAL',
          'chdir: working directory /none: ENOENT',
          'chdir: working directory /bin/data: ENOTDIR',
          'chdir: working directory /private: EACCES',
        ],
      );
    });

    states(
      'finds the program with the rights of the user',
      async (c) => {
        const { jid } = await tree(c);
        const found = async (...candidates: string[]) =>
          prepare(c, await member(c), launchIn(jid, { candidates }));
        assert.deepEqual(await found('/sbin/program', '/bin/rootonly', '/bin/program'), {
          path: '/bin/program',
        });
        assert.deepEqual(await found('/bin/none'), { path: undefined, reason: 'missing' });
        for (const candidate of ['/bin/data', '/bin/rootonly', '/bin', '/private/x']) {
          assert.deepEqual(await found(candidate), { path: undefined, reason: 'denied', candidate });
        }
      },
      { fact: 'access(2): AT_EACCESS, X_OK; X2, X11, X12, X19 observed on 12.1' },
    );

    states('finds nothing by links that lead out of the jail', async (c) => {
      const { jid, root } = await tree(c);
      await c.symlink(`${root}/bin/program`, `${root}/bin/absolute`);
      await c.symlink('../../../../../../bin/program', `${root}/bin/relative`);
      const candidates = ['/bin/absolute'];
      assert.deepEqual(await prepare(c, await member(c), launchIn(jid, { candidates })), {
        path: undefined,
        reason: 'missing',
      });
      const inside = await prepare(c, await member(c), launchIn(jid, { candidates: ['/bin/relative'] }));
      assert.deepEqual(inside, { path: '/bin/relative' });
    });

    states('tells why the program cannot run, and the process can be ended', async (c) => {
      const { jid } = await tree(c);
      const child = await member(c);
      await prepare(c, child, launchIn(jid));
      const program = { path: '/bin/program', args: ['program'], environment: [] };
      await assert.rejects(becomeProgram(child.process, c.system.bindings, program), {
        message: 'execve: /bin/program: ENOEXEC',
      });
      await signal(c, child, 'SIGKILL');
      assert.deepEqual(await endOf(c, child), { kind: 'killed', signal: 9, core: false });
    });

    states(
      'becomes the program',
      async (c) => {
        const jid = await c.jail({ path: '/' });
        const child = await member(c);
        const launch = launchIn(jid, { workingDirectory: '/', candidates: ['/nothing/sleep', '/bin/sleep'] });
        const found = await prepare(c, child, launch);
        assert.deepEqual(found, { path: '/bin/sleep' });
        const program = { path: '/bin/sleep', args: ['sleep', '1000'], environment: ['A=b'] };
        await becomeProgram(child.process, c.system.bindings, program);
        const info = await seen(c.system, child);
        assert.deepEqual([info?.command, info?.jid, info?.uid], ['sleep', jid, 1001]);
        await signal(c, child, 'SIGTERM');
        assert.deepEqual(await endOf(c, child), { kind: 'killed', signal: 15, core: false });
      },
      { needs: ['programs'] },
    );
  },
  processes,
);
