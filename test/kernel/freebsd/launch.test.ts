import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { becomeProgram, prepareLaunch, type Launch } from '../../../src/kernel/freebsd/launch.js';
import { makeDirectory, openTemporarily, statusAt, write } from '../../../src/kernel/freebsd/file.js';
import { removeJail, setJail } from '../../../src/kernel/freebsd/jail.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { sendSignal } from '../../../src/kernel/freebsd/signal.js';
import { modelChildren } from '../../model/children.js';
import { openModel, type Model } from '../../model/model.js';

const releases = [12, 14, 15] as const;

/** A jail with a program, a folder of root and a file that is no program. */
async function makeJail({ freebsd }: Model): Promise<number> {
  const cwd = freebsd.bindings.constants.AT_FDCWD;
  return run(freebsd, (b) => {
    makeDirectory(b, openTemporarily(b, '/mnt', { directory: true }), 'root', 0o755);
    const root = openTemporarily(b, '/mnt/root', { directory: true });
    makeDirectory(b, root, 'bin', 0o755);
    makeDirectory(b, root, 'private', 0o700);
    for (const [name, mode] of [
      ['program', 0o755],
      ['data', 0o644],
    ] as const) {
      const create = { mode, exclusive: true };
      const fd = openTemporarily(b, `/mnt/root/bin/${name}`, { access: 'write', create });
      write(b, fd, Buffer.from('\x7fELF program'), name);
    }
    assert.ok(cwd < 0);
    return setJail(b, { name: 'j', path: '/mnt/root', persist: true }, { operation: 'create' });
  });
}

const launchIn = (jid: number, changes: Partial<Launch> = {}): Launch => ({
  jid,
  identity: { uid: 1001, gid: 1002, groups: [5, 6] },
  login: 'web',
  workingDirectory: '/srv/deep',
  makeWorkingDirectory: true,
  umask: 0o027,
  limits: [{ name: 'RLIMIT_NOFILE', soft: 10n, hard: 20n }],
  noNewPrivileges: true,
  candidates: ['/sbin/program', '/bin/program'],
  ...changes,
});

describe('launching a process', () => {
  for (const release of releases) {
    it(`makes it all that it is to be, in one round trip, on FreeBSD ${release}`, async () => {
      const model = openModel(release);
      const { bindings } = model.freebsd;
      const jid = await makeJail(model);
      const child = await modelChildren(model).start(['null', 'null', 'null']);
      assert.deepEqual(await prepareLaunch(child.kernel, bindings, launchIn(jid)), { path: '/bin/program' });
      const process = model.system.processes.get(child.pid);
      assert.ok(process);
      assert.deepEqual(
        [process.jail.jid, process.credential.uid, process.credential.gid, process.credential.groups],
        [jid, 1001, 1002, [5, 6]],
      );
      assert.deepEqual([process.session.leader, process.session.login], [process, 'web']);
      assert.deepEqual([process.umask, process.workingDirectory.node.name], [0o027, 'deep']);
      assert.deepEqual(process.limits.get(bindings.constants.RLIMIT_NOFILE), [10n, 20n]);
      assert.equal(process.noNewPrivileges, release >= 14);
      const { mode, uid } = await run(model.freebsd, (b) => statusAt(b, '/mnt/root/srv/deep'));
      assert.deepEqual([mode, uid], [0o755, 0]);

      const program = { path: '/bin/program', args: ['program', 'a b'], environment: ['A=1'] };
      await becomeProgram(child.kernel, bindings, program);
      const { args, ...rest } = program;
      assert.deepEqual(process.executed, { ...rest, argv: args });
      assert.deepEqual(process.descriptors.numbers(), [0, 1, 2]);
      await run(model.freebsd, (b) => sendSignal(b, child.pid, 'SIGTERM'));
      assert.equal((await child.exited).status, 143);
    });
  }

  const failures: readonly [what: string, changes: Partial<Launch>, error: RegExp][] = [
    [
      'a folder that is not there',
      { makeWorkingDirectory: false },
      /^chdir: working directory \/srv\/deep: ENOENT$/,
    ],
    [
      'a folder that the user may not enter',
      { workingDirectory: '/private' },
      /^chdir: working directory \/private: EACCES$/,
    ],
    [
      'a folder that is a file',
      { workingDirectory: '/bin/data' },
      /^chdir: working directory \/bin\/data: ENOTDIR$/,
    ],
    ['a jail that is not there', { jid: 4711 }, /^jail_attach: jail 4711: EINVAL$/],
  ];
  for (const [what, changes, error] of failures) {
    it(`names the step that failed: ${what}`, async () => {
      const model = openModel(14);
      const jid = await makeJail(model);
      const child = await modelChildren(model).start(['null', 'null', 'null']);
      const launch = launchIn(jid, changes);
      await assert.rejects(prepareLaunch(child.kernel, model.freebsd.bindings, launch), { message: error });
      await child.abandon();
      assert.equal((await child.exited).status, 137);
    });
  }

  const searches: readonly [what: string, candidates: readonly string[], found: object][] = [
    ['nothing', ['/sbin/none', '/bin/none'], { path: undefined, reason: 'missing' }],
    ['no program', ['/bin/none', '/bin/data'], { path: undefined, reason: 'denied', candidate: '/bin/data' }],
    ['a folder', ['/bin'], { path: undefined, reason: 'denied', candidate: '/bin' }],
    ['what lies below a file', ['/bin/data/x'], { path: undefined, reason: 'missing' }],
    [
      'what the user may not look at',
      ['/private/x'],
      { path: undefined, reason: 'denied', candidate: '/private/x' },
    ],
    ['one behind others', ['/bin/data', '/bin', '/bin/program'], { path: '/bin/program' }],
  ];
  for (const [what, candidates, found] of searches) {
    it(`looks for the program: ${what}`, async () => {
      const model = openModel(14);
      const jid = await makeJail(model);
      const child = await modelChildren(model).start(['null', 'null', 'null']);
      const launch = launchIn(jid, { candidates });
      assert.deepEqual(await prepareLaunch(child.kernel, model.freebsd.bindings, launch), found);
      await child.abandon();
    });
  }

  it('is refused before any call if it cannot be', async () => {
    const model = openModel(14);
    const { kernel } = await modelChildren(model).start(['null', 'null', 'null']);
    const made = model.faults.made;
    const refusals: readonly [Partial<Launch>, RegExp][] = [
      [{ workingDirectory: 'work' }, /workingDirectory: 'work' is not an absolute path/],
      [{ workingDirectory: '/a/../b' }, /workingDirectory/],
      [{ umask: -1 }, /^umask: -1 /],
      [{ jid: 0 }, /^jid: 0 /],
      [{ candidates: [] }, /^candidates: 0 /],
      [{ candidates: ['/a\0'] }, /contains a NUL/],
      [{ login: 'x'.repeat(40) }, /^login: /],
      [{ identity: { uid: -1, gid: 0, groups: [] } }, /^uid: -1 /],
    ];
    for (const [changes, message] of refusals) {
      await assert.rejects(async () => prepareLaunch(kernel, model.freebsd.bindings, launchIn(1, changes)), {
        name: 'RangeError',
        message,
      });
    }
    assert.equal(model.faults.made, made);
  });

  for (const release of releases) {
    it(`leaves nothing whichever call fails, on FreeBSD ${release}`, async () => {
      let n = 1;
      for (; ; n++) {
        const model = openModel(release);
        const { freebsd, faults } = model;
        const jid = await makeJail(model);
        const before = model.remains();
        const child = await modelChildren(model).start(['null', 'null', 'null']);
        faults.failNth(n, 'ENOMEM');
        const failure = await launchAll(child.kernel);
        const { failed } = faults;
        faults.failNth(0, '');
        await child.abandon();
        assert.deepEqual(model.remains(), before, `after call ${n}: ${failed ?? 'none'}`);
        await run(freebsd, (b) => removeJail(b, jid));
        if (failed === undefined) break;
        // Making folders and looking for the program may fail: what counts comes after. So may hiding from debuggers, of
        // one that is traced already.
        const harmless = ['mkdir', 'fstatat', 'faccessat', 'getpid', 'procctl'].includes(failed);
        assert.ok(harmless || /^\w+: .+: ENOMEM$/.test(failure ?? ''), `${failed}: ${failure ?? 'no error'}`);

        async function launchAll(kernel: typeof child.kernel): Promise<string | undefined> {
          try {
            const found = await prepareLaunch(kernel, freebsd.bindings, launchIn(jid));
            if (found.path === undefined) return found.reason;
            const program = { path: found.path, args: ['program'], environment: [] };
            await becomeProgram(kernel, freebsd.bindings, program);
            return undefined;
          } catch (error) {
            return (error as Error).message;
          }
        }
      }
      assert.ok(n > 18, `${n} calls`);
    });
  }
});
