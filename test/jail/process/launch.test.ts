import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginProcess, launchProcess } from '../../../src/jail/process/launch.js';
import { explainLinuxFailure } from '../../../src/jail/linux/explain.js';
import type { ProcessPlan } from '../../../src/jail/plan/process.js';
import { exitProgram } from '../../model/execve.js';
import { keepSpareChild } from '../../../src/kernel/freebsd/spare-child.js';
import { makeWorld, plainStdio, plan, terminalStdio, type World } from './world.js';

/** Why a process cannot be prepared. It has to leave nothing. */
async function refusal(world: World, changes: Partial<ProcessPlan>): Promise<string> {
  const before = world.model.remains();
  const begun = await beginProcess(world.tools, await plainStdio(world));
  let message = '';
  await begun.prepare({ jid: world.jid, plan: plan(changes) }).catch((error: unknown) => {
    message = (error as Error).message;
  });
  await begun.abandon();
  assert.deepEqual(world.model.remains(), before);
  return message;
}

describe('a process of a jail', () => {
  for (const release of [12, 14, 15] as const) {
    it(`waits as what it is to be, and becomes its program when it is started (FreeBSD ${release})`, async () => {
      const world = await makeWorld(release);
      const { jid, tools } = world;
      const begun = await beginProcess(tools, await plainStdio(world));
      const prepared = await begun.prepare({
        jid,
        plan: plan({
          user: { kind: 'name', user: 'www' },
          additionalGids: [7],
          rlimits: [{ name: 'RLIMIT_NOFILE', soft: 5n, hard: 6n }],
          umask: 0o077,
        }),
      });
      const { process } = prepared;
      const made = world.process(process.pid);
      assert.deepEqual([made.jail.jid, made.credential.uid, made.credential.gid], [jid, 80, 80]);
      assert.deepEqual([...made.credential.groups].sort(), [7, 90]);
      assert.deepEqual([made.umask, made.workingDirectory.node.name], [0o077, 'work']);
      assert.deepEqual([made.executed, made.traceable], [undefined, false]);
      assert.equal(made.session.login, 'www');
      assert.notEqual(world.model.kernel.process.session.login, 'www', "the daemon's session keeps its own");
      await prepared.start();
      assert.ok(made.traceable, 'the program can be debugged again');
      assert.deepEqual(made.executed, {
        path: '/bin/program',
        argv: ['program', 'one'],
        environment: ['PATH=/usr/bin:/bin', 'A=b', 'HOME=/home/www'],
      });
      assert.deepEqual(made.descriptors.numbers(), [0, 1, 2]);
      exitProgram(made, 3);
      assert.equal((await process.exited).status, 3);
      assert.deepEqual(world.reports, []);
    });
  }

  it('takes signals until its end has been told, as its program and before', async () => {
    const world = await makeWorld();
    const process = await launchProcess(
      world.tools,
      { jid: world.jid, plan: plan() },
      await plainStdio(world),
    );
    await process.signal(15);
    assert.equal((await process.exited).status, 143);
    await assert.rejects(process.signal(15), { name: 'RuntimeError', kind: 'not-found' });

    const begun = await beginProcess(world.tools, await plainStdio(world));
    const waiting = await begun.prepare({ jid: world.jid, plan: plan() });
    for (const signal of [0, -1, 129, 1.5]) {
      await assert.rejects(waiting.process.signal(signal), { name: 'RuntimeError', kind: 'invalid' });
    }
    world.model.faults.failNth(1, 'EPERM');
    await assert.rejects(waiting.process.signal(9), { code: 'EPERM' });
    await waiting.process.signal(9);
    assert.equal((await waiting.process.exited).status, 137);
    await assert.rejects(waiting.start(), {
      name: 'RuntimeError',
      message: /^process \d+ ended before its program ran$/,
    });
    assert.deepEqual(world.reports, []);
  });

  it('has users by number in an image without users', async () => {
    const world = await makeWorld(14, { users: false });
    const user = { kind: 'ids', uid: 1234, gid: 5678 } as const;
    const { pid } = await launchProcess(
      world.tools,
      { jid: world.jid, plan: plan({ user }) },
      await plainStdio(world),
    );
    const { credential, executed } = world.process(pid);
    assert.deepEqual([credential.uid, credential.gid, credential.groups], [1234, 5678, []]);
    assert.ok(executed?.environment.includes('HOME=/'));
  });

  it('has a user that stands far down in a long passwd', async () => {
    const world = await makeWorld();
    const many = Array.from({ length: 2000 }, (_, index) => `u${index}:*:${5000 + index}:5::/u:/x\n`).join(
      '',
    );
    await world.file('/etc/passwd', many);
    const user = { kind: 'name', user: 'u1999' } as const;
    const { pid } = await launchProcess(
      world.tools,
      { jid: world.jid, plan: plan({ user }) },
      await plainStdio(world),
    );
    assert.equal(world.process(pid).credential.uid, 6999);
  });

  it('reads users within the image, wherever links lead', async () => {
    const world = await makeWorld(14, { users: false });
    await world.file('/usr/real', 'inside:*:77:77::/:/x\n');
    await world.link('../../../../../usr/real', '/etc', 'passwd');
    const user = { kind: 'name', user: 'inside' } as const;
    const { pid } = await launchProcess(
      world.tools,
      { jid: world.jid, plan: plan({ user }) },
      await plainStdio(world),
    );
    assert.equal(world.process(pid).credential.uid, 77);

    const other = await makeWorld(14, { users: false });
    // On the host there is such a file; in the image there is none.
    await other.link('/mnt/root/usr/real', '/etc', 'passwd');
    await other.file('/usr/real', 'outside:*:66:66::/:/x\n');
    const outside = await refusal(other, { user: { kind: 'name', user: 'outside' } });
    assert.match(outside, /outside/);
  });

  it('is none of a user who is not there, or of an image whose passwd is no file', async () => {
    const world = await makeWorld();
    assert.match(await refusal(world, { user: { kind: 'name', user: 'nobody-here' } }), /nobody-here/);
    const odd = await makeWorld(14, { users: false });
    await odd.link('/usr', '/etc', 'passwd');
    assert.equal(await refusal(odd, {}), '/etc/passwd of the image: a directory, no file');
  });

  const programs: readonly [args: ProcessPlan['args'], message: string][] = [
    [['none'], 'exec: "none": executable file not found in $PATH'],
    [['/bin/none'], 'exec: "/bin/none": no such file or directory'],
    [['/bin/data'], 'exec: "/bin/data": permission denied'],
    [['data'], 'exec: "data": permission denied (/bin/data)'],
    [['/bin'], 'exec: "/bin": permission denied'],
  ];
  for (const [args, message] of programs) {
    it(`is none if its program cannot be run: ${args[0]}`, async () => {
      assert.equal(await refusal(await makeWorld(), { args }), message);
    });
  }

  it('is none in a working directory that cannot be', async () => {
    const world = await makeWorld();
    assert.equal(
      await refusal(world, { cwd: '/bin/data/x' }),
      'chdir: working directory /bin/data/x: ENOTDIR',
    );
  });

  it('is none in a jail that is gone', async () => {
    const world = await makeWorld();
    assert.equal(await refusal({ ...world, jid: 4711 }, {}), 'jail_attach: jail 4711: EINVAL');
  });

  const starts: readonly [data: string, explain: boolean, message: RegExp][] = [
    ['no program at all', false, /^exec: "\/bin\/odd": exec format error$/],
    [
      'no program at all',
      true,
      /^exec: "\/bin\/odd": exec format error: for Linux programs the kernel needs/,
    ],
    ['#!/bin/missing\n', false, /^exec: "\/bin\/odd": no such file or directory: .*interpreter/],
  ];
  for (const [data, explained, message] of starts) {
    it(`ends if its program cannot be run after all: ${message.source}`, async () => {
      const world = await makeWorld();
      await world.file('/bin/odd', data, 0o755);
      const begun = await beginProcess(world.tools, await plainStdio(world));
      const prepared = await begun.prepare({
        jid: world.jid,
        plan: plan({ args: ['/bin/odd'] }),
        ...(explained ? { explain: explainLinuxFailure } : {}),
      });
      await assert.rejects(prepared.start(), { name: 'RuntimeError', message });
      assert.equal((await prepared.process.exited).status, 137);
    });
  }

  it('can be given up at every point, and leaves nothing', async () => {
    const world = await makeWorld();
    const before = world.model.remains();
    const begun = await beginProcess(world.tools, await plainStdio(world));
    await begun.abandon();
    assert.deepEqual(world.model.remains(), before);
    const second = await beginProcess(world.tools, await plainStdio(world));
    const prepared = await second.prepare({ jid: world.jid, plan: plan() });
    await prepared.abandon();
    await prepared.abandon();
    assert.deepEqual(world.model.remains(), before);
  });

  for (const terminal of [false, true]) {
    it(`can be made of a child that is there already, ${terminal ? 'with' : 'without'} a terminal`, async () => {
      const world = await makeWorld();
      const before = world.model.remains();
      const children = keepSpareChild(world.tools.system, world.tools.children);
      await children.prepare();
      const stdio = terminal ? terminalStdio(world) : await plainStdio(world);
      const process = await launchProcess(
        { ...world.tools, children },
        { jid: world.jid, plan: plan({ terminal }) },
        stdio,
      );
      const made = world.process(process.pid);
      assert.equal(made.executed?.path, '/bin/program');
      assert.deepEqual(made.descriptors.numbers(), [0, 1, 2]);
      await process.signal(9);
      assert.equal((await process.exited).status, 137);
      if ('close' in stdio) stdio.close();
      await children.close();
      assert.deepEqual(world.model.remains(), before);
    });
  }

  it('takes three round trips to its agent', async () => {
    const world = await makeWorld();
    let trips = 0;
    const { children } = world.tools;
    const counting = {
      ...world.tools,
      children: {
        start: async (stdio: Parameters<typeof children.start>[0]) => {
          const child = await children.start(stdio);
          const counted: typeof child.kernel = {
            platform: child.kernel.platform,
            pid: child.kernel.pid,
            run: (batch) => {
              trips++;
              return child.kernel.run(batch);
            },
            become: (batch, object) => {
              trips++;
              return child.kernel.become(batch, object);
            },
            close: () => {
              child.kernel.close();
            },
          };
          return { ...child, kernel: counted };
        },
      },
    };
    await launchProcess(counting, { jid: world.jid, plan: plan() }, await plainStdio(world));
    assert.equal(trips, 3);
  });
});
