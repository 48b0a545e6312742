import assert from 'node:assert/strict';
import { listProcesses, readProcess, readProcesses } from '../../src/kernel/freebsd/process-list.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { group, on12, type On } from './harness/group.js';
import { codeOf, endOf, host, jailed, member, seen, signal, valueOf, waited } from './harness/processes.js';
import { call } from './harness/raw.js';

const processes: On = { needs: ['processes'] };

group(
  'kern.proc: processes',
  'observed on 12.1: K1 to K3',
  (states) => {
    states('the host sees processes of all jails, with the jail', async (c) => {
      const [one, two] = [await c.jail(), await c.jail()];
      const outside = await member(c);
      const inside = [await jailed(c, one), await jailed(c, one), await jailed(c, two)];
      const jids = await Promise.all(
        [outside, ...inside].map(async (each) => (await seen(c.system, each))?.jid),
      );
      assert.deepEqual(jids, [0, one, one, two]);
      const pids = (await listProcesses(c.system, [one])).map(({ pid }) => pid).sort((a, b) => a - b);
      assert.deepEqual(
        pids,
        inside.slice(0, 2).map(({ pid }) => pid),
      );
    });

    states('a process tells who made it, its group, session and user', async (c) => {
      const parent = await member(c);
      await valueOf(parent, 'setsid');
      const child = await member(c, parent);
      await valueOf(child, 'setuid', 1001);
      const info = await seen(c.system, child);
      assert.deepEqual(
        [info?.parentPid, info?.group, info?.session, info?.uid],
        [parent.pid, parent.pid, parent.pid, 1001],
      );
      assert.equal(info?.threads, 1);
      assert.ok(info.started > 0n && info.virtualBytes > 0n);
    });

    states(
      'in a jail only its processes are there; they do not tell the jail, but parents on the host',
      async (c) => {
        const [one, two] = [await c.jail(), await c.jail()];
        const inside = await jailed(c, one);
        const other = await jailed(c, one);
        await jailed(c, two);
        const list = await listProcesses(inside.system);
        const pids = list.map(({ pid }) => pid).sort((a, b) => a - b);
        assert.deepEqual(pids, [inside.pid, other.pid]);
        assert.deepEqual(
          [...new Set(list.map(({ jid, parentPid }) => `${jid} ${parentPid}`))],
          [`0 ${host(c).pid}`],
        );
        assert.equal(await valueOf(inside, 'getppid'), host(c).pid);
      },
      on12,
    );

    states('by pid, in a jail those outside it are not there', async (c) => {
      const [one, two] = [await c.jail(), await c.jail()];
      const inside = await jailed(c, one);
      const asked = [inside, await jailed(c, one), await jailed(c, two), await member(c)];
      const codes: string[] = [];
      for (const { pid } of asked) codes.push(await codeOf(run(inside.system, (b) => readProcess(b, pid))));
      assert.deepEqual(codes, ['', '', 'ESRCH', 'ESRCH']);
    });

    states('a pid that nobody has is ESRCH', async (c) => {
      // PID_MAX of sys/proc.h is 99999.
      await c.refused('ESRCH', (b) => readProcess(b, 99_999));
    });

    states('a list that does not fit is ENOMEM', async (c) => {
      await member(c);
      await c.refused('ENOMEM', (b) => readProcesses(b, 1));
    });

    states(
      'a stopped process is told as stopped, one that has ended as a zombie until it is waited for',
      async (c) => {
        const child = await member(c);
        assert.equal((await seen(c.system, child))?.state, 'sleeping');
        await signal(c, child, 'SIGSTOP');
        await waited(c, child, { stops: true });
        assert.equal((await seen(c.system, child))?.state, 'stopped');
        await signal(c, child, 'SIGKILL');
        await waited(c, child, { keep: true });
        assert.equal((await seen(c.system, child))?.state, 'zombie');
        assert.deepEqual(await endOf(c, child), { kind: 'killed', signal: 9, core: false });
        assert.equal(await seen(c.system, child), undefined);
      },
    );

    states('a zombie in a jail is told with its jail', async (c) => {
      const jid = await c.jail();
      const child = await jailed(c, jid);
      await signal(c, child, 'SIGKILL');
      await waited(c, child, { keep: true });
      const [found] = await listProcesses(c.system, [jid]);
      assert.deepEqual([found?.pid, found?.state], [child.pid, 'zombie']);
    });

    states('who asks is running', async (c) => {
      const child = await member(c);
      assert.equal((await seen(child.system, child))?.state, 'running');
    });

    states(
      'the structure says its own size',
      async (c) => {
        const { layouts, constants } = c.system.bindings;
        const { size } = layouts.kinfo_proc;
        let at = 0;
        const { arena } = await call(host(c).process, 'sysctl', (a) => {
          const mib = a.array(
            'i32',
            [constants.CTL_KERN, constants.KERN_PROC, constants.KERN_PROC_PID, 1],
            'mib',
          );
          at = a.reserve(size);
          return [{ arena: mib }, 4, { arena: at }, { arena: a.scalar('u64', size, 'size') }, 0, 0];
        });
        assert.equal(
          new DataView(arena.buffer, arena.byteOffset).getInt32(at, true),
          constants.KINFO_PROC_SIZE,
        );
      },
      { fact: 'ki_structsize of sys/user.h' },
    );
  },
  processes,
);
