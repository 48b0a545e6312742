import assert from 'node:assert/strict';
import {
  forbidNewPrivileges,
  setParentDeathSignal,
  setTraceable,
} from '../../src/kernel/freebsd/process-control.js';
import {
  becomeReaper,
  listDescendants,
  reaperStatus,
  reapKill,
  releaseReaper,
} from '../../src/kernel/freebsd/reaper.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { waitFor } from '../../src/kernel/freebsd/wait.js';
import type { Case } from './harness/case.js';
import { group, on12, type On } from './harness/group.js';
import {
  codeOf,
  endOf,
  errorOf,
  exit,
  host,
  jailed,
  member,
  seen,
  signal,
  type Member,
} from './harness/processes.js';
import { call } from './harness/raw.js';

const processes: On = { needs: ['processes'] };

/** A reaper with a child and a grandchild. */
async function family(c: Case): Promise<{ reaper: Member; child: Member; grandchild: Member }> {
  const reaper = await member(c);
  await run(reaper.system, (b) => becomeReaper(b));
  const child = await member(c, reaper);
  return { reaper, child, grandchild: await member(c, child) };
}

/** The errno of procctl(2) with P_PID and an int as its data. */
async function procctl(c: Case, { process }: Member, id: number, command: number, data = 0): Promise<string> {
  const { error } = await call(process, 'procctl', (a) => [
    c.constants.P_PID,
    id,
    command,
    { arena: a.scalar('i32', data, 'data') },
  ]);
  return error;
}

/** The int that a command of procctl(2) says of a process. */
async function controlOf(c: Case, { process, pid }: Member, command: number): Promise<number> {
  let at = 0;
  const { arena, error } = await call(process, 'procctl', (a) => {
    return [c.constants.P_PID, pid, command, { arena: (at = a.reserve(8)) }];
  });
  assert.equal(error, '');
  return new DataView(arena.buffer, arena.byteOffset).getInt32(at, true);
}

group(
  'procctl(2): reapers',
  'observed on 12.1: Z2 to Z8',
  (states) => {
    states('a process becomes one once, and only by itself', async (c) => {
      const child = await member(c);
      await run(child.system, (b) => becomeReaper(b));
      assert.equal(await codeOf(run(child.system, (b) => becomeReaper(b))), 'EBUSY');
      const { PROC_REAP_ACQUIRE } = c.constants;
      const other = await member(c);
      assert.equal(
        await errorOf(other, 'procctl', c.constants.P_PID, child.pid, PROC_REAP_ACQUIRE, 0),
        'EPERM',
      );
      assert.equal(await codeOf(run(other.system, (b) => releaseReaper(b))), 'EINVAL');
      await run(child.system, (b) => releaseReaper(b));
      await run(child.system, (b) => becomeReaper(b));
    });

    states(
      'id 0 is not the caller',
      async (c) => {
        const child = await member(c);
        const { P_PID, PROC_REAP_ACQUIRE } = c.constants;
        assert.equal(await errorOf(child, 'procctl', P_PID, 0, PROC_REAP_ACQUIRE, 0), 'EPERM');
      },
      on12,
    );

    states('counts its children and descendants', async (c) => {
      const { reaper, child, grandchild } = await family(c);
      const own = { isReaper: true, reaper: reaper.pid, children: 1, descendants: 2 };
      assert.deepEqual(await run(reaper.system, (b) => reaperStatus(b, reaper.pid)), own);
      assert.deepEqual(await run(child.system, (b) => reaperStatus(b, grandchild.pid)), {
        ...own,
        isReaper: false,
      });
    });

    states('lists them, with the child that each descends from', async (c) => {
      const { reaper, child, grandchild } = await family(c);
      const list = await listDescendants(reaper.system, reaper.pid);
      assert.deepEqual(
        list.map((each) => [each.pid, each.child, each.isReaper]).sort(([a], [b]) => Number(a) - Number(b)),
        [
          [child.pid, child.pid, false],
          [grandchild.pid, child.pid, false],
        ],
      );
    });

    states('gets the orphans, also those in a jail', async (c) => {
      const jid = await c.jail();
      const reaper = await member(c);
      await run(reaper.system, (b) => becomeReaper(b));
      const child = await jailed(c, jid, reaper);
      const grandchild = await member(c, child);
      await signal(c, child, 'SIGKILL');
      await endOf(c, child, reaper);
      assert.equal((await seen(c.system, grandchild))?.parentPid, reaper.pid);
      await signal(c, grandchild, 'SIGKILL');
      assert.deepEqual(await endOf(c, grandchild, reaper), { kind: 'killed', signal: 9, core: false });
    });

    states('works in a jail too', async (c) => {
      const reaper = await jailed(c, await c.jail());
      await run(reaper.system, (b) => becomeReaper(b));
      const child = await member(c, reaper);
      const grandchild = await member(c, child);
      await signal(c, child, 'SIGKILL');
      await endOf(c, child, reaper);
      assert.equal((await seen(c.system, grandchild))?.parentPid, reaper.pid);
    });

    states('kills all that descend from it', async (c) => {
      const { reaper, child, grandchild } = await family(c);
      assert.equal(await reapKill(reaper.system, reaper.pid, 'SIGKILL'), 2);
      assert.deepEqual(await endOf(c, child, reaper), { kind: 'killed', signal: 9, core: false });
      assert.deepEqual(await endOf(c, grandchild, reaper), { kind: 'killed', signal: 9, core: false });
      assert.equal(await reapKill(reaper.system, reaper.pid, 'SIGKILL'), 0);
    });

    states(
      'counts a zombie as killed until it is waited for',
      async (c) => {
        const reaper = await member(c);
        await run(reaper.system, (b) => becomeReaper(b));
        const child = await member(c, reaper);
        assert.equal(await reapKill(reaper.system, reaper.pid, 'SIGKILL'), 1);
        await run(reaper.system, (b) => waitFor(b, { pid: child.pid }, { blocking: true, keep: true }));
        assert.equal(await reapKill(reaper.system, reaper.pid, 'SIGKILL'), 1);
        await endOf(c, child, reaper);
      },
      on12,
    );

    states('kills the children only, or what descends from one', async (c) => {
      const { reaper, child, grandchild } = await family(c);
      const sibling = await member(c, reaper);
      assert.equal(await reapKill(reaper.system, reaper.pid, 'SIGTERM', { child: sibling.pid }), 1);
      await endOf(c, sibling, reaper);
      assert.equal(await reapKill(reaper.system, reaper.pid, 'SIGTERM', { child: host(c).pid }), 0);
      assert.equal(await reapKill(reaper.system, reaper.pid, 'SIGTERM', 'children'), 1);
      await endOf(c, child, reaper);
      assert.equal((await seen(c.system, grandchild))?.parentPid, reaper.pid);
    });

    states('refuses a kill that contradicts itself', async (c) => {
      const { reaper } = await family(c);
      const { layouts } = c.system.bindings;
      const { REAPER_KILL_CHILDREN, REAPER_KILL_SUBTREE, PROC_REAP_KILL, P_PID } = c.constants;
      const tries = [
        { rk_sig: 9, rk_flags: REAPER_KILL_CHILDREN | REAPER_KILL_SUBTREE },
        { rk_sig: 0, rk_flags: 0 },
        { rk_sig: 200, rk_flags: 0 },
      ];
      for (const fields of tries) {
        const { error } = await call(reaper.process, 'procctl', (a) => {
          const at = a.struct(layouts.procctl_reaper_kill, fields);
          return [P_PID, reaper.pid, PROC_REAP_KILL, { arena: at }];
        });
        assert.equal(error, 'EINVAL');
      }
    });
  },
  processes,
);

group(
  'procctl(2): settings of a process',
  'observed on 12.1: Z9b',
  (states) => {
    states('a signal at the death of the parent', async (c) => {
      const reaper = await member(c);
      await run(reaper.system, (b) => becomeReaper(b));
      const parent = await member(c, reaper);
      const child = await member(c, parent);
      await run(child.system, (b) => setParentDeathSignal(b, 'SIGTERM'));
      await exit(parent, 0);
      await endOf(c, parent, reaper);
      assert.deepEqual(await endOf(c, child, reaper), { kind: 'killed', signal: 15, core: false });
    });

    states('of the parent death signal takes id 0 too, and no other process', async (c) => {
      const [child, other] = [await member(c), await member(c)];
      const { PROC_PDEATHSIG_CTL } = c.constants;
      assert.equal(await procctl(c, child, 0, PROC_PDEATHSIG_CTL, 15), '');
      assert.equal(await procctl(c, child, other.pid, PROC_PDEATHSIG_CTL, 15), 'EINVAL');
      assert.equal(await procctl(c, child, child.pid, PROC_PDEATHSIG_CTL, 129), 'EINVAL');
      assert.equal(await controlOf(c, child, c.constants.PROC_PDEATHSIG_STATUS), 15);
      // Children do not inherit it.
      const grandchild = await member(c, child);
      assert.equal(await controlOf(c, grandchild, c.constants.PROC_PDEATHSIG_STATUS), 0);
    });

    states(
      'tracing can be forbidden',
      async (c) => {
        const child = await member(c);
        assert.equal(await controlOf(c, child, c.constants.PROC_TRACE_STATUS), 0);
        await run(child.system, (b) => setTraceable(b, false));
        assert.equal(await controlOf(c, child, c.constants.PROC_TRACE_STATUS), -1);
        await run(child.system, (b) => setTraceable(b, true));
        assert.equal(await controlOf(c, child, c.constants.PROC_TRACE_STATUS), 0);
      },
      { fact: 'procctl(2): PROC_TRACE_CTL, PROC_TRACE_STATUS' },
    );

    states(
      'new privileges can be forbidden, for good and for children too',
      async (c) => {
        const { PROC_NO_NEW_PRIVS_CTL = 0, PROC_NO_NEW_PRIVS_STATUS = 0 } = c.constants;
        const child = await member(c);
        // PROC_NO_NEW_PRIVS_ENABLE 1, PROC_NO_NEW_PRIVS_DISABLE 2
        assert.equal(await controlOf(c, child, PROC_NO_NEW_PRIVS_STATUS), 2);
        await run(child.system, (b) => forbidNewPrivileges(b));
        assert.equal(await controlOf(c, child, PROC_NO_NEW_PRIVS_STATUS), 1);
        assert.equal(await controlOf(c, await member(c, child), PROC_NO_NEW_PRIVS_STATUS), 1);
        assert.equal(await procctl(c, child, child.pid, PROC_NO_NEW_PRIVS_CTL, 2), 'EINVAL');
      },
      { releases: [14, 15], fact: 'procctl(2): PROC_NO_NEW_PRIVS_CTL, in the headers since 14' },
    );
  },
  processes,
);
