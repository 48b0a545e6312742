import assert from 'node:assert/strict';
import { becomeUser, setLogin, setUmask, startSession } from '../../src/kernel/freebsd/credentials.js';
import { statusAt } from '../../src/kernel/freebsd/file.js';
import { noLimit, readLimit, setLimit } from '../../src/kernel/freebsd/limit.js';
import { readSysctlInt } from '../../src/kernel/freebsd/sysctl.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, on12, type On } from './harness/group.js';
import { codeOf, errorOf, jailed, member, seen, valueOf, type Member } from './harness/processes.js';
import { call } from './harness/raw.js';
import { tryPath } from './harness/mounts.js';

const processes: On = { needs: ['processes'] };
const until14: On = { releases: [12, 13, 14] };

/** The errno of setgroups(2). */
async function setGroups({ process }: Member, ...groups: number[]): Promise<string> {
  const { error } = await call(process, 'setgroups', (a) => {
    return [groups.length, { arena: a.array('u32', groups, 'groups') }];
  });
  return error;
}

async function groupsOf({ process }: Member): Promise<number[]> {
  let at = 0;
  const { value, error, arena } = await call(process, 'getgroups', (a) => [
    1024,
    { arena: (at = a.reserve(4096)) },
  ]);
  assert.equal(error, '');
  const view = new DataView(arena.buffer, arena.byteOffset);
  return Array.from({ length: value }, (_, index) => view.getUint32(at + index * 4, true));
}

/** A process of root in a jail. */
async function jailedRoot(c: Case): Promise<Member> {
  return jailed(c, await c.jail());
}

group(
  'setgroups(2), setgid(2), setuid(2)',
  'observed on 12.1: S7 to S14',
  (states) => {
    states(
      'the first of the groups is the effective one',
      async (c) => {
        const child = await jailedRoot(c);
        assert.equal(await setGroups(child, 5, 6, 7), '');
        assert.deepEqual([await groupsOf(child), await valueOf(child, 'getegid')], [[5, 6, 7], 5]);
      },
      until14,
    );

    states(
      'the groups are further ones; the effective one is another matter',
      async (c) => {
        const child = await jailedRoot(c);
        await valueOf(child, 'setgid', 20);
        assert.equal(await setGroups(child, 5, 6, 7), '');
        assert.deepEqual([await groupsOf(child), await valueOf(child, 'getegid')], [[5, 6, 7], 20]);
        assert.equal(await setGroups(child), '');
        assert.deepEqual(await groupsOf(child), []);
      },
      { releases: [15], fact: 'system calls 595 and 596 of the headers of 15; setgroups(2)' },
    );

    states(
      'no groups leave the effective one',
      async (c) => {
        const child = await jailedRoot(c);
        await setGroups(child, 5, 6);
        assert.equal(await setGroups(child), '');
        assert.deepEqual(await groupsOf(child), [5]);
      },
      until14,
    );

    states(
      'setgid after setgroups counts, before it does not',
      async (c) => {
        const child = await jailedRoot(c);
        await valueOf(child, 'setgid', 20);
        await setGroups(child, 7, 8);
        assert.equal(await valueOf(child, 'getegid'), 7);
        await valueOf(child, 'setgid', 20);
        assert.deepEqual([await valueOf(child, 'getegid'), (await groupsOf(child))[0]], [20, 20]);
      },
      until14,
    );

    states(
      '1024 groups are the most',
      async (c) => {
        const child = await jailedRoot(c);
        const ids = Array.from({ length: 1025 }, (_, index) => index + 1);
        assert.equal(await setGroups(child, ...ids.slice(0, 1024)), '');
        assert.equal(await setGroups(child, ...ids), 'EINVAL');
      },
      on12,
    );

    states('a user has no way back', async (c) => {
      const child = await jailedRoot(c);
      await run(child.system, (b) => becomeUser(b, { uid: 1001, gid: 1002, groups: [5] }));
      const tries = [
        await setGroups(child, 5),
        await errorOf(child, 'setuid', 0),
        await errorOf(child, 'setgid', 20),
        await errorOf(child, 'jail_attach', 1),
        await tryPath(child.process, 'chroot', '/'),
      ];
      assert.deepEqual(tries, ['EPERM', 'EPERM', 'EPERM', 'EPERM', 'EPERM']);
    });

    states('in the order of the typed layer nothing of root is left', async (c) => {
      const child = await jailedRoot(c);
      await run(child.system, (b) => becomeUser(b, { uid: 1001, gid: 1002, groups: [5, 6] }));
      const ids = [await valueOf(child, 'getuid'), await valueOf(child, 'geteuid')];
      assert.deepEqual([...ids, await valueOf(child, 'getegid')], [1001, 1001, 1002]);
      assert.deepEqual(await groupsOf(child), c.release < 15 ? [1002, 5, 6] : [5, 6]);
    });

    states('without further groups none is left', async (c) => {
      const child = await jailedRoot(c);
      await setGroups(child, 5, 6, 7);
      await run(child.system, (b) => becomeUser(b, { uid: 0, gid: 0, groups: [] }));
      assert.deepEqual(await groupsOf(child), c.release < 15 ? [0] : []);
    });
  },
  processes,
);

group(
  'setsid(2), setlogin(2)',
  'observed on 12.1: S20 to S22, T7b, S13',
  (states) => {
    states("the login name is the session's", async (c) => {
      const leader = await member(c);
      await run(leader.system, (b) => startSession(b));
      const inside = await jailed(c, await c.jail(), leader);
      await run(inside.system, (b) => setLogin(b, 'bob'));
      assert.equal((await seen(c.system, leader))?.login, 'bob');
    });

    states('a session of its own has a name of its own', async (c) => {
      const leader = await member(c);
      await run(leader.system, (b) => [startSession(b), setLogin(b, 'bob')]);
      const inside = await jailed(c, await c.jail(), leader);
      const [session] = await run(inside.system, (b) => [startSession(b), setLogin(b, 'carl')]);
      assert.equal(session, inside.pid);
      assert.deepEqual(
        [(await seen(c.system, leader))?.login, (await seen(c.system, inside))?.login],
        ['bob', 'carl'],
      );
    });

    states('who leads a group cannot make a session', async (c) => {
      const child = await member(c);
      await run(child.system, (b) => startSession(b));
      assert.equal(await codeOf(run(child.system, (b) => startSession(b))), 'EPERM');
    });

    states('a name has at most 32 bytes, and may be empty', async (c) => {
      const child = await member(c);
      await run(child.system, (b) => startSession(b));
      const login = (name: string): Promise<string> => tryPath(child.process, 'setlogin', name);
      assert.deepEqual(
        [await login('x'.repeat(32)), await login('x'.repeat(33)), await login('')],
        ['', 'EINVAL', ''],
      );
    });

    states('only root names a session', async (c) => {
      const child = await jailedRoot(c);
      await run(child.system, (b) => [startSession(b), becomeUser(b, { uid: 1001, gid: 1001, groups: [] })]);
      assert.equal(await codeOf(run(child.system, (b) => setLogin(b, 'x'))), 'EPERM');
    });
  },
  processes,
);

group(
  'umask(2)',
  'umask(2): the old mask is returned',
  (states) => {
    states('takes bits from new files, and from those of children', async (c) => {
      const scratch = await c.scratch();
      const child = await member(c);
      await run(child.system, (b) => setUmask(b, 0o027));
      assert.equal(await tryPath(child.process, 'mkdir', `${scratch}/d`, 0o777), '');
      assert.equal((await c.run((b) => statusAt(b, `${scratch}/d`))).mode, 0o750);
      assert.equal(await valueOf(await member(c, child), 'umask', 0), 0o027);
    });
  },
  processes,
);

group(
  'setrlimit(2)',
  'observed on 12.1: S15 to S18',
  (states) => {
    const files = (soft: bigint, hard: bigint) => ({ name: 'RLIMIT_NOFILE', soft, hard }) as const;
    const set = async (to: Member, soft: bigint, hard: bigint): Promise<string> => {
      return codeOf(run(to.system, (b) => setLimit(b, files(soft, hard))));
    };
    const get = async (of: Member): Promise<[bigint, bigint]> => {
      const { soft, hard } = await run(of.system, (b) => readLimit(b, 'RLIMIT_NOFILE'));
      return [soft, hard];
    };

    states('root in a jail may raise hard limits', async (c) => {
      const child = await jailedRoot(c);
      assert.equal(await set(child, 64n, 64n), '');
      assert.deepEqual(await get(child), [64n, 64n]);
      assert.equal(await set(child, 128n, 128n), '');
      assert.deepEqual(await get(child), [128n, 128n]);
    });

    states('what the kernel cannot give is cut without an error', async (c) => {
      const child = await jailedRoot(c);
      assert.equal(await set(child, 1n << 40n, 1n << 40n), '');
      const [soft, hard] = await get(child);
      assert.ok(soft === hard && hard < 1n << 40n, String(hard));
      assert.equal(await set(child, noLimit, noLimit), '');
      assert.deepEqual(await get(child), [soft, hard]);
      const most = await c.run((b) => readSysctlInt(b, 'kern.maxfilesperproc'));
      assert.equal(hard, BigInt(most));
    });

    states('a user may lower, and raise the soft limit to the hard one', async (c) => {
      const child = await jailedRoot(c);
      await set(child, 64n, 64n);
      await run(child.system, (b) => becomeUser(b, { uid: 1001, gid: 1001, groups: [] }));
      const tries = [
        await set(child, 65n, 65n),
        await set(child, 30n, 60n),
        await set(child, 40n, 60n),
        await set(child, 61n, 61n),
      ];
      assert.deepEqual(tries, ['EPERM', '', '', 'EPERM']);
      assert.deepEqual(await get(child), [40n, 60n]);
    });

    states('a soft limit above the hard one is lowered, and a resource that is none is EINVAL', async (c) => {
      const child = await jailedRoot(c);
      const { RLIMIT_NOFILE } = c.constants;
      const raw = async (which: number, soft: bigint, hard: bigint): Promise<string> => {
        const { error } = await call(child.process, 'setrlimit', (a) => {
          return [which, { arena: a.array('u64', [soft, hard], 'rlimit') }];
        });
        return error;
      };
      assert.equal(await raw(RLIMIT_NOFILE, 100n, 50n), '');
      assert.deepEqual(await get(child), [50n, 50n]);
      assert.equal(await raw(99, 1n, 1n), 'EINVAL');
    });

    states(
      'children have the limits of their parent',
      async (c) => {
        const child = await jailedRoot(c);
        await set(child, 77n, 99n);
        assert.deepEqual(await get(await member(c, child)), [77n, 99n]);
      },
      { fact: 'setrlimit(2)' },
    );
  },
  processes,
);
