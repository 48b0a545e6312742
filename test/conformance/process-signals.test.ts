import assert from 'node:assert/strict';
import { continueJails, signalJails, stopJails } from '../../src/kernel/freebsd/jail-signals.js';
import { removeJail } from '../../src/kernel/freebsd/jail.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { sendGroupSignal, sendJailSignal, sendSignal } from '../../src/kernel/freebsd/signal.js';
import { waitFor } from '../../src/kernel/freebsd/wait.js';
import { group, type On } from './harness/group.js';
import {
  codeOf,
  endOf,
  errorOf,
  host,
  jailed,
  member,
  seen,
  signal,
  valueOf,
  waited,
  type Member,
} from './harness/processes.js';

const processes: On = { needs: ['processes'] };
const killed = (number: number) => ({ kind: 'killed', signal: number, core: false });

group(
  'kill(2)',
  'observed on 12.1: K4 to K9, S29',
  (states) => {
    states('from a jail, processes outside it are not there', async (c) => {
      const [one, two] = [await c.jail(), await c.jail()];
      const inside = await jailed(c, one);
      const others = [await jailed(c, one), await jailed(c, two), await member(c)];
      const codes: string[] = [];
      for (const { pid } of others) codes.push(await errorOf(inside, 'kill', pid, 0));
      assert.deepEqual(codes, ['', 'ESRCH', 'ESRCH']);
      assert.deepEqual(
        [await errorOf(inside, 'kill', 1, 0), await errorOf(inside, 'kill', host(c).pid, 0)],
        ['ESRCH', 'ESRCH'],
      );
    });

    states('the host reaches those in jails', async (c) => {
      const inside = await jailed(c, await c.jail());
      assert.equal(await errorOf(host(c), 'kill', inside.pid, 0), '');
      await signal(c, inside, 'SIGTERM');
      assert.deepEqual(await endOf(c, inside), killed(15));
    });

    states('a user reaches only his own processes', async (c) => {
      const jid = await c.jail();
      const [root, user, own] = [await jailed(c, jid), await jailed(c, jid), await jailed(c, jid)];
      for (const each of [user, own]) await valueOf(each, 'setuid', 1001);
      assert.equal(await errorOf(user, 'kill', root.pid, c.system.bindings.signals.SIGTERM), 'EPERM');
      assert.equal(await errorOf(user, 'kill', own.pid, c.system.bindings.signals.SIGTERM), '');
      assert.deepEqual(await endOf(c, own), killed(15));
    });

    states('-1 from a jail reaches all of the jail but the caller, and nobody else', async (c) => {
      const [one, two] = [await c.jail(), await c.jail()];
      const sender = await jailed(c, one);
      const victims = [await jailed(c, one), await jailed(c, one)];
      const spared = [await jailed(c, two), await member(c), sender];
      await run(sender.system, (b) => sendJailSignal(b, 'SIGTERM'));
      for (const victim of victims) assert.deepEqual(await endOf(c, victim), killed(15));
      for (const each of spared) {
        assert.equal(await run(host(c).system, (b) => waitFor(b, { pid: each.pid })), undefined);
      }
    });

    states('-1 from a jail with nobody else in it is ESRCH', async (c) => {
      const alone = await jailed(c, await c.jail());
      assert.equal(await codeOf(run(alone.system, (b) => sendJailSignal(b, 'SIGTERM'))), 'ESRCH');
    });

    states('-1 from a user in a jail reaches his own processes only', async (c) => {
      const jid = await c.jail();
      const [root, user, own] = [await jailed(c, jid), await jailed(c, jid), await jailed(c, jid)];
      for (const each of [user, own]) await valueOf(each, 'setuid', 1001);
      await run(user.system, (b) => sendJailSignal(b, 'SIGKILL'));
      assert.deepEqual(await endOf(c, own), killed(9));
      assert.equal(await run(host(c).system, (b) => waitFor(b, { pid: root.pid })), undefined);
    });

    states('a process group is reached across the border of a jail', async (c) => {
      const leader = await member(c);
      await valueOf(leader, 'setsid');
      const follower = await jailed(c, await c.jail(), leader);
      await c.run((b) => sendGroupSignal(b, leader.pid, 'SIGKILL'));
      assert.deepEqual(await endOf(c, leader), killed(9));
      assert.equal((await seen(c.system, follower))?.state ?? 'zombie', 'zombie');
    });

    states('a stop and a continuation are told to the parent', async (c) => {
      const child = await jailed(c, await c.jail());
      await signal(c, child, 'SIGSTOP');
      const { SIGSTOP } = c.system.bindings.signals;
      assert.deepEqual((await waited(c, child, { stops: true })).event, { kind: 'stopped', signal: SIGSTOP });
      await signal(c, child, 'SIGCONT');
      assert.deepEqual((await waited(c, child, { continues: true })).event, { kind: 'continued' });
      assert.equal((await seen(c.system, child))?.state, 'sleeping');
    });

    states(
      'what is sent to a stopped process waits until it goes on',
      async (c) => {
        const child = await member(c);
        await signal(c, child, 'SIGSTOP');
        await waited(c, child, { stops: true });
        await signal(c, child, 'SIGTERM');
        assert.equal(await run(host(c).system, (b) => waitFor(b, { pid: child.pid })), undefined);
        await signal(c, child, 'SIGCONT');
        assert.deepEqual(await endOf(c, child), killed(15));
      },
      { fact: 'sigaction(2): signals of a stopped process are pending' },
    );

    states('removing a jail kills stopped processes too', async (c) => {
      const jid = await c.jail();
      const [stopped, running] = [await jailed(c, jid), await jailed(c, jid)];
      await signal(c, stopped, 'SIGSTOP');
      await waited(c, stopped, { stops: true });
      await c.run((b) => removeJail(b, jid));
      assert.deepEqual([await endOf(c, stopped), await endOf(c, running)], [killed(9), killed(9)]);
      await c.gone({ jid });
    });

    states(
      'a zombie takes signals without an error, somebody who was waited for does not',
      async (c) => {
        const child = await member(c);
        await signal(c, child, 'SIGKILL');
        await waited(c, child, { keep: true });
        await signal(c, child, 'SIGTERM');
        await endOf(c, child);
        await c.refused('ESRCH', (b) => sendSignal(b, child.pid, 'SIGTERM'));
      },
      { fact: 'kill(2): a process that has ended exists until it is waited for' },
    );

    states(
      'a number that is no signal is EINVAL',
      async (c) => {
        const child = await member(c);
        for (const number of [-1, 129])
          assert.equal(await errorOf(host(c), 'kill', child.pid, number), 'EINVAL');
      },
      { fact: '_SIG_MAXSIG of sys/_sigset.h is 128' },
    );
  },
  processes,
);

group(
  'signals to all of a jail',
  'kern.proc and kill(2) as observed on 12.1: K1, K4b, K6',
  (states) => {
    states('reach everybody in it and nobody else', async (c) => {
      const [one, two] = [await c.jail(), await c.jail()];
      const victims: Member[] = [];
      for (let count = 0; count < 5; count++) victims.push(await jailed(c, one));
      const spared = [await jailed(c, two), await member(c)];
      const { pids } = await signalJails(c.system, [one], 'SIGKILL');
      assert.deepEqual(
        [...pids].sort((a, b) => a - b),
        victims.map(({ pid }) => pid),
      );
      for (const victim of victims) assert.deepEqual(await endOf(c, victim), killed(9));
      for (const { pid } of spared) {
        assert.equal(await run(host(c).system, (b) => waitFor(b, { pid })), undefined);
      }
    });

    states('reach descendants, also those without a parent', async (c) => {
      const jid = await c.jail();
      const parent = await jailed(c, jid);
      const child = await member(c, parent);
      await member(c, child);
      await signal(c, child, 'SIGKILL');
      await endOf(c, child, parent);
      const { pids } = await signalJails(c.system, [jid], 'SIGKILL');
      assert.equal(pids.length, 2);
      await endOf(c, parent);
    });

    states('stop all of it, and let it go on', async (c) => {
      const [one, two] = [await c.jail(), await c.jail()];
      const inside = [await jailed(c, one), await jailed(c, one), await jailed(c, one)];
      const outside = await jailed(c, two);
      await stopJails(c.system, [one]);
      const states = async (): Promise<unknown[]> => {
        return Promise.all([...inside, outside].map(async (each) => (await seen(c.system, each))?.state));
      };
      assert.deepEqual(await states(), ['stopped', 'stopped', 'stopped', 'sleeping']);
      await continueJails(c.system, [one]);
      assert.deepEqual(await states(), ['sleeping', 'sleeping', 'sleeping', 'sleeping']);
    });

    states('find nobody in a jail without processes', async (c) => {
      const jid = await c.jail();
      assert.deepEqual(await signalJails(c.system, [jid], 'SIGKILL'), { pids: [], passes: 1 });
      assert.deepEqual(await stopJails(c.system, [jid]), { pids: [], passes: 1 });
    });

    states('pass zombies over', async (c) => {
      const jid = await c.jail();
      const child = await jailed(c, jid);
      await signal(c, child, 'SIGKILL');
      await waited(c, child, { keep: true });
      assert.deepEqual(await signalJails(c.system, [jid], 'SIGTERM'), { pids: [], passes: 1 });
    });
  },
  processes,
);
