import assert from 'node:assert/strict';
import { isKernelError } from '../../src/kernel/error.js';
import { BatchBuilder } from '../../src/kernel/freebsd/batch-builder.js';
import { becomeUser } from '../../src/kernel/freebsd/credentials.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, type On } from './harness/group.js';
import { tryPath } from './harness/mounts.js';
import { endOf, jailed, member, seen, signal, type Member } from './harness/processes.js';

const processes: On = { needs: ['processes'] };

/** Runs a program, and answers the errno if that fails. */
async function runs({ process, system }: Member, path: string, args = [path]): Promise<string> {
  const b = new BatchBuilder(system.bindings);
  // As it is: `execute` refuses what is too long.
  const lists = [args, ['A=b']].map((texts) => ({ arena: b.arena.textList(texts, 'texts') }));
  b.call('execve', [{ arena: b.arena.text(path, 'path') }, ...lists], { object: path });
  return process.become(b.batch(), path).then(
    () => '',
    (error: unknown) => {
      if (!isKernelError(error)) throw error;
      assert.equal(error.call, 'execve');
      return error.code;
    },
  );
}

/** A process in a jail whose root holds files that are no programs. */
async function inside(c: Case, files: Readonly<Record<string, readonly [data: string, mode: number]>>) {
  const root = await c.makeFolder('root');
  for (const [name, [data, mode]] of Object.entries(files)) {
    const path = await c.makeFile(`root/${name}`, data);
    assert.equal(await tryPath(c.system.kernel, 'chmod', path, mode), '');
  }
  return { root, child: await jailed(c, await c.jail({ path: root })) };
}

group(
  'execve(2)',
  'observed on 12.1: X1 to X19',
  (states) => {
    states('what is no program', async (c) => {
      const { child } = await inside(c, {
        noexec: ['#!/x\n', 0o644],
        bad: ['hello there, this is no program\n', 0o755],
        empty: ['', 0o755],
        truncated: ['\x7fELF\x02\x01\x01', 0o755],
      });
      const tries = [
        '/none',
        '/noexec',
        '/bad',
        '/empty',
        '/truncated',
        '/',
        '/bad/x',
        `/${'x'.repeat(256)}`,
      ];
      const codes: string[] = [];
      for (const path of tries) codes.push(await runs(child, path));
      assert.deepEqual(codes, [
        ...['ENOENT', 'EACCES', 'ENOEXEC', 'ENOEXEC', 'ENOEXEC', 'EACCES', 'ENOTDIR', 'ENAMETOOLONG'],
      ]);
    });

    states('scripts', async (c) => {
      const { child } = await inside(c, {
        missing: ['#!/none\n', 0o755],
        alone: ['#!\n', 0o755],
        nested: ['#!/missing\n', 0o755],
        long: [`#!/${'x'.repeat(5000)}\n`, 0o755],
      });
      const codes: string[] = [];
      for (const path of ['/missing', '/alone', '/nested', '/long']) codes.push(await runs(child, path));
      assert.deepEqual(codes, ['ENOENT', 'ENOEXEC', 'ENOEXEC', 'ENAMETOOLONG']);
    });

    states('links are followed within the root of the jail', async (c) => {
      const { child, root } = await inside(c, { bad: ['no program at all\n', 0o755] });
      await c.symlink('loop', `${root}/loop`);
      await c.symlink(`${root}/bad`, `${root}/outside`);
      await c.symlink('/bad', `${root}/absolute`);
      const codes: string[] = [];
      for (const path of ['/loop', '/outside', '/absolute']) codes.push(await runs(child, path));
      assert.deepEqual(codes, ['ELOOP', 'ENOENT', 'ENOEXEC']);
    });

    states('arguments above ARG_MAX are E2BIG', async (c) => {
      const { child } = await inside(c, { bad: ['no program at all\n', 0o755] });
      assert.equal(await runs(child, '/bad', ['bad', 'x'.repeat(600_000)]), 'E2BIG');
    });

    states('a user needs the permission for it', async (c) => {
      const { child } = await inside(c, { private: ['no program at all\n', 0o700] });
      await run(child.system, (b) => becomeUser(b, { uid: 1001, gid: 1001, groups: [] }));
      assert.equal(await runs(child, '/private'), 'EACCES');
    });

    states('after a failure the process is as it was', async (c) => {
      const { child } = await inside(c, { bad: ['no program at all\n', 0o755] });
      await runs(child, '/bad');
      assert.equal(await runs(child, '/none'), 'ENOENT');
      await signal(c, child, 'SIGTERM');
      assert.deepEqual(await endOf(c, child), { kind: 'killed', signal: 15, core: false });
    });

    states(
      'a process that became a program has its name, its old pid and parent',
      async (c) => {
        const child = await member(c);
        const before = await seen(c.system, child);
        assert.equal(await runs(child, '/bin/sleep', ['anything', '1000']), '');
        const after = await seen(c.system, child);
        assert.equal(after?.command, 'sleep');
        assert.deepEqual([after.parentPid, after.started], [before?.parentPid, before?.started]);
        await signal(c, child, 'SIGTERM');
        assert.deepEqual(await endOf(c, child), { kind: 'killed', signal: 15, core: false });
      },
      { needs: ['programs'], fact: 'execve(2); ki_comm of sys/user.h' },
    );
  },
  processes,
);
