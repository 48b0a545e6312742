import assert from 'node:assert/strict';
import { makeSocketPair, sendDescriptor } from '../../src/kernel/freebsd/descriptor-passing.js';
import { openEventQueue, takeExits, watchExit } from '../../src/kernel/freebsd/kqueue.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, type On } from './harness/group.js';
import {
  codeOf,
  endOf,
  errorOf,
  exit,
  jailed,
  member,
  signal,
  waited,
  type Member,
} from './harness/processes.js';

const processes: On = { needs: ['processes'] };

/** A process with a queue of events. */
async function watcher(c: Case, by?: Member): Promise<{ by: Member; queue: number }> {
  const process = by ?? (await member(c));
  return { by: process, queue: await run(process.system, (b) => openEventQueue(b)) };
}

const take = ({ by, queue }: { by: Member; queue: number }) => run(by.system, (b) => takeExits(b, queue, 8));

group(
  'kqueue(2): the end of a process',
  'observed on 12.1: Q1 to Q7, L24',
  (states) => {
    states('is told with the status that wait gives', async (c) => {
      const watch = await watcher(c);
      const ends: readonly [end: (child: Member) => Promise<void>, event: object][] = [
        [(child) => exit(child, 7), { kind: 'exited', code: 7 }],
        [(child) => exit(child, 300), { kind: 'exited', code: 44 }],
        [(child) => signal(c, child, 'SIGKILL'), { kind: 'killed', signal: 9, core: false }],
        [(child) => signal(c, child, 'SIGTERM'), { kind: 'killed', signal: 15, core: false }],
      ];
      for (const [end, event] of ends) {
        const child = await member(c);
        await run(watch.by.system, (b) => watchExit(b, watch.queue, child.pid));
        assert.deepEqual(await take(watch), []);
        await end(child);
        assert.deepEqual(await endOf(c, child), event);
        assert.deepEqual(await take(watch), [{ pid: child.pid, event }]);
        assert.deepEqual(await take(watch), []);
      }
    });

    states(
      'is told of a real-time signal by its number',
      async (c) => {
        const watch = await watcher(c);
        const child = await member(c);
        await run(watch.by.system, (b) => watchExit(b, watch.queue, child.pid));
        assert.equal(await errorOf(watch.by, 'kill', child.pid, 68), '');
        const killed = { kind: 'killed', signal: 68, core: false };
        assert.deepEqual(await endOf(c, child), killed);
        assert.deepEqual(await take(watch), [{ pid: child.pid, event: killed }]);
      },
      { fact: 'SIGRTMIN is 65 in sys/signal.h; its action is to terminate: sigaction(2)' },
    );

    states('is told at once of somebody who has ended already', async (c) => {
      const watch = await watcher(c);
      const child = await member(c);
      await exit(child, 5);
      await waited(c, child, { keep: true });
      await run(watch.by.system, (b) => watchExit(b, watch.queue, child.pid));
      assert.deepEqual(await take(watch), [{ pid: child.pid, event: { kind: 'exited', code: 5 } }]);
    });

    states('cannot be asked for of nobody', async (c) => {
      const watch = await watcher(c);
      const asked = run(watch.by.system, (b) => watchExit(b, watch.queue, 99_999));
      assert.equal(await codeOf(asked), 'ESRCH');
    });

    states('is told to the host of those in jails, though it is not their parent', async (c) => {
      const watch = await watcher(c);
      const parent = await jailed(c, await c.jail());
      const child = await member(c, parent);
      await run(watch.by.system, (b) => watchExit(b, watch.queue, child.pid));
      await signal(c, child, 'SIGKILL');
      await waited(c, child, { keep: true }, parent);
      const event = { kind: 'killed', signal: 9, core: false };
      assert.deepEqual(await take(watch), [{ pid: child.pid, event }]);
    });

    states('is not told to those in a jail of anybody outside', async (c) => {
      const outside = await member(c);
      const watch = await watcher(c, await jailed(c, await c.jail()));
      const inside = await member(c, watch.by);
      const ask = (pid: number) => codeOf(run(watch.by.system, (b) => watchExit(b, watch.queue, pid)));
      assert.deepEqual([await ask(outside.pid), await ask(inside.pid)], ['ESRCH', '']);
    });

    states("is told by a queue that is nobody else's", async (c) => {
      const { by, queue } = await watcher(c);
      const { far } = await run(by.system, (b) => makeSocketPair(b));
      assert.equal(await codeOf(run(by.system, (b) => sendDescriptor(b, far, queue, 'queue'))), 'EOPNOTSUPP');
      const child = await member(c, by);
      assert.equal(await codeOf(run(child.system, (b) => takeExits(b, queue, 1))), 'EBADF');
    });
  },
  processes,
);
