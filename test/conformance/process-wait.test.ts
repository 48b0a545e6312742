import assert from 'node:assert/strict';
import { run } from '../../src/kernel/freebsd/run.js';
import { waitFor } from '../../src/kernel/freebsd/wait.js';
import type { Case } from './harness/case.js';
import { group, type On } from './harness/group.js';
import {
  codeOf,
  endOf,
  errorOf,
  exit,
  host,
  jailed,
  member,
  signal,
  valueOf,
  waited,
  type Member,
} from './harness/processes.js';

const processes: On = { needs: ['processes'] };

/** A process of a case with children of its own, to wait for them without those of others. */
async function family(c: Case, count: number): Promise<readonly [parent: Member, ...children: Member[]]> {
  const parent = await member(c);
  const children: Member[] = [];
  for (let made = 0; made < count; made++) children.push(await member(c, parent));
  return [parent, ...children];
}

group(
  'wait6(2)',
  'observed on 12.1: Q1, Q8, Q9, Q9b',
  (states) => {
    states('tells the code of an exit, cut to 8 bits', async (c) => {
      for (const [code, told] of [
        [0, 0],
        [7, 7],
        [300, 44],
      ] as const) {
        const child = await member(c);
        await exit(child, code);
        assert.deepEqual(await endOf(c, child), { kind: 'exited', code: told });
      }
    });

    states('tells the signal that killed', async (c) => {
      for (const [name, number] of [
        ['SIGKILL', 9],
        ['SIGTERM', 15],
      ] as const) {
        const child = await member(c);
        await signal(c, child, name);
        assert.deepEqual(await endOf(c, child), { kind: 'killed', signal: number, core: false });
      }
    });

    states('tells who it was', async (c) => {
      const child = await member(c);
      await valueOf(child, 'setuid', 1001);
      await signal(c, child, 'SIGKILL');
      const { pid, uid } = await waited(c, child);
      assert.deepEqual([pid, uid], [child.pid, 1001]);
    });

    states('without waiting has nothing to tell of a child that runs', async (c) => {
      const child = await member(c);
      assert.equal(await run(host(c).system, (b) => waitFor(b, { pid: child.pid })), undefined);
    });

    states('leaves a child as it is if asked to', async (c) => {
      const child = await member(c);
      await exit(child, 3);
      for (let times = 0; times < 2; times++) {
        assert.deepEqual((await waited(c, child, { keep: true })).event, { kind: 'exited', code: 3 });
      }
      assert.deepEqual(await endOf(c, child), { kind: 'exited', code: 3 });
      assert.equal(await codeOf(waited(c, child)), 'ECHILD');
    });

    states('takes a jail as the key', async (c) => {
      const jid = await c.jail();
      const parent = await member(c);
      const [inside, outside] = [await jailed(c, jid, parent), await member(c, parent)];
      await exit(outside, 1);
      await exit(inside, 3);
      const told = await run(parent.system, (b) => waitFor(b, { jid }, { blocking: true }));
      assert.deepEqual([told?.pid, told?.event], [inside.pid, { kind: 'exited', code: 3 }]);
      assert.equal(await codeOf(run(parent.system, (b) => waitFor(b, { jid }))), 'ECHILD');
      assert.deepEqual(await endOf(c, outside, parent), { kind: 'exited', code: 1 });
    });

    states(
      'takes a process group as the key',
      async (c) => {
        const [parent, one, two] = await family(c, 2);
        assert.ok(one && two);
        await valueOf(two, 'setsid');
        await exit(one, 1);
        await exit(two, 2);
        const told = await run(parent.system, (b) => waitFor(b, { group: two.pid }, { blocking: true }));
        assert.equal(told?.pid, two.pid);
        assert.equal(await codeOf(run(parent.system, (b) => waitFor(b, { group: two.pid }))), 'ECHILD');
      },
      { fact: 'wait6(2): P_PGID' },
    );

    states(
      'tells of all children, one after the other',
      async (c) => {
        const [parent, ...children] = await family(c, 3);
        for (const child of children) await exit(child, 0);
        const told: (number | undefined)[] = [];
        for (const child of children) {
          await waited(c, child, { keep: true }, parent);
        }
        for (let count = 0; count < 3; count++) {
          told.push((await run(parent.system, (b) => waitFor(b, 'all', { blocking: true })))?.pid);
        }
        assert.deepEqual(new Set(told), new Set(children.map(({ pid }) => pid)));
        assert.equal(await codeOf(run(parent.system, (b) => waitFor(b, 'all'))), 'ECHILD');
      },
      { fact: 'wait6(2): P_ALL' },
    );

    states("is ECHILD for somebody else's child", async (c) => {
      const [parent, child] = await family(c, 1);
      assert.ok(child);
      assert.equal(await codeOf(run(host(c).system, (b) => waitFor(b, { pid: child.pid }))), 'ECHILD');
      assert.equal(await codeOf(run(parent.system, (b) => waitFor(b, { pid: host(c).pid }))), 'ECHILD');
    });

    states('with nothing to tell about is EINVAL', async (c) => {
      const child = await member(c);
      const { P_PID, WNOHANG } = c.constants;
      assert.equal(await errorOf(host(c), 'wait6', P_PID, child.pid, 0, 0, 0, 0), 'EINVAL');
      assert.equal(await errorOf(host(c), 'wait6', P_PID, child.pid, 0, WNOHANG, 0, 0), 'EINVAL');
    });
  },
  processes,
);
