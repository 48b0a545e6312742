import assert from 'node:assert/strict';
import { open } from '../../src/kernel/freebsd/file.js';
import { removeJail, setJail } from '../../src/kernel/freebsd/jail.js';
import { addRule, listLimits, readLimits, readRules, readUsage } from '../../src/kernel/freebsd/rctl.js';
import type { AccountedResource } from '../../src/kernel/freebsd/rctl-rule.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { openTerminal } from '../../src/kernel/freebsd/terminal.js';
import type { Case } from './harness/case.js';
import { group, type On } from './harness/group.js';
import { rctl, ruleName, rulesOf, unlimitLater } from './harness/limits.js';
import {
  codeOf,
  endOf,
  errorOf,
  host,
  jailed,
  member,
  signal,
  waited,
  type Member,
} from './harness/processes.js';
import { lookAtDevices } from './harness/terminals.js';

const needs: On = { needs: ['accounting', 'processes'] };

/** A jail that one rule is about. */
async function limitedJail(
  c: Case,
  resource: AccountedResource,
  amount: bigint,
): Promise<{ readonly jid: number; readonly name: string }> {
  const name = ruleName(c);
  await c.run((b) => addRule(b, { jail: name, resource, action: 'deny', amount }));
  return { jid: await c.jail({ name, 'children.max': 4 }), name };
}

/** '' if a process could make another one, and else why not. */
function forks(c: Case, by: Member): Promise<string> {
  return codeOf(member(c, by));
}

group(
  'rctl(4): limits of a jail',
  'observed on 12.1: B79 to B81, B88, B95, B97',
  (states) => {
    states(
      'maxproc made before the jail holds at once: no more processes, but who attaches is let in',
      async (c) => {
        const { jid, name } = await limitedJail(c, 'maxproc', 2n);
        const first = await jailed(c, jid);
        assert.deepEqual([await forks(c, first), await forks(c, first)], ['', 'EAGAIN']);
        await jailed(c, jid);
        assert.equal((await c.run((b) => readUsage(b, name))).get('maxproc'), 3n);
      },
    );

    states('who has ended counts until he is waited for', async (c) => {
      const { jid } = await limitedJail(c, 'maxproc', 2n);
      const first = await jailed(c, jid);
      const child = await member(c, first);
      await signal(c, child, 'SIGKILL');
      await waited(c, child, { keep: true }, first);
      assert.equal(await forks(c, first), 'EAGAIN');
      await endOf(c, child, first);
      assert.equal(await forks(c, first), '');
    });

    states('nthr', async (c) => {
      const { jid } = await limitedJail(c, 'nthr', 1n);
      assert.equal(await forks(c, await jailed(c, jid)), 'EAGAIN');
    });

    states('pseudoterminals', async (c) => {
      const { jid } = await limitedJail(c, 'pseudoterminals', 1n);
      c.defer(() => lookAtDevices(c));
      const { system } = await jailed(c, jid);
      const open = () => codeOf(run(system, (b) => openTerminal(b)));
      assert.deepEqual([await open(), await open()], ['', 'EAGAIN']);
    });

    states(
      'openfiles, but only when the table of a process has to grow',
      async (c) => {
        const { jid } = await limitedJail(c, 'openfiles', 300n);
        const first = await jailed(c, jid);
        const from = await run(first.system, (b) => open(b, '/'));
        const codes: string[] = [];
        for (const to of [250, 299, 301, 1000]) codes.push(await errorOf(first, 'dup2', from, to));
        codes.push(await errorOf(first, 'fcntl', from, c.constants.F_DUPFD, 400));
        assert.deepEqual(codes, ['', '', '', 'EMFILE', '']);
      },
      { releases: [12], fact: 'B87b' },
    );

    states(
      'a limit that comes later binds those who are in a jail below by then, and none that come',
      async (c) => {
        const name = ruleName(c);
        await c.jail({ name, 'children.max': 4 });
        const kid = await c.jail({ name: `${name}.kid` });
        const early = await jailed(c, kid);
        await c.run((b) => addRule(b, { jail: name, resource: 'maxproc', action: 'deny', amount: 1n }));
        const limits = async ({ pid }: Member): Promise<string[]> =>
          (await listLimits(c.system, pid))
            .filter(({ subject }) => subject === 'jail')
            .map((rule) => rule.name);
        assert.deepEqual(await limits(early), [name]);
        assert.equal(await forks(c, early), 'EAGAIN');
        const late = await jailed(c, kid);
        assert.deepEqual(await limits(late), []);
        assert.equal(await forks(c, late), '');
      },
      { fact: 'rctl_rule_add() and rctl_proc_ucred_changed() of kern_rctl.c' },
    );

    states(
      'a limit of a jail does not bind those in it, whose processes it counts all the same',
      async (c) => {
        const { name } = await limitedJail(c, 'maxproc', 1n);
        const kid = `${name}.kid`;
        const first = await jailed(c, await c.jail({ name: kid }));
        assert.equal(await forks(c, first), '');
        assert.equal((await c.run((b) => readUsage(b, name))).get('maxproc'), 2n);
        assert.deepEqual(
          (await listLimits(c.system, first.pid)).filter((rule) => rule.subject === 'jail'),
          [],
        );
        unlimitLater(c, kid);
        await c.run((b) => addRule(b, { jail: kid, resource: 'maxproc', action: 'deny', amount: 9n }));
        const [rule] = await listLimits(c.system, first.pid);
        assert.deepEqual([rule?.subject, rule?.name, rule?.amount], ['jail', kid, 9n]);
      },
    );
  },
  needs,
);

group(
  'rctl(4): rules are the name’s',
  'observed on 12.1: B82, B83',
  (states) => {
    states('they stay when the jail is gone', async (c) => {
      const { jid, name } = await limitedJail(c, 'maxproc', 2n);
      await c.run((b) => removeJail(b, jid));
      await c.gone({ jid });
      assert.deepEqual(await rulesOf(c, name), ['maxproc:deny=2']);
    });

    states('they do not follow when the jail is renamed', async (c) => {
      const { jid, name } = await limitedJail(c, 'maxproc', 1n);
      const renamed = ruleName(c);
      await c.run((b) => setJail(b, { jid, name: renamed }, { operation: 'update' }));
      assert.deepEqual([await rulesOf(c, name), await rulesOf(c, renamed)], [['maxproc:deny=1'], []]);
      assert.equal(await forks(c, await jailed(c, jid)), '');
    });
  },
  needs,
);

group(
  'rctl_get_racct(2)',
  'observed on 12.1: B72 to B77b',
  (states) => {
    const resources = [
      ...['cputime', 'datasize', 'stacksize', 'coredumpsize', 'memoryuse', 'memorylocked', 'maxproc'],
      ...['openfiles', 'vmemoryuse', 'pseudoterminals', 'swapuse', 'nthr', 'msgqqueued', 'msgqsize', 'nmsgq'],
      ...[
        'nsem',
        'nsemop',
        'nshm',
        'shmsize',
        'wallclock',
        'pcpu',
        'readbps',
        'writebps',
        'readiops',
        'writeiops',
      ],
    ];

    states('a name that no jail has uses nothing of all 25', async (c) => {
      const used = await c.run((b) => readUsage(b, c.name()));
      assert.deepEqual([...used.keys()], resources);
      assert.ok([...used.values()].every((amount) => amount === 0n));
    });

    states('further parts are ignored, no name is EINVAL, and what does not fit ERANGE', async (c) => {
      const get = async (text: string, room?: number): Promise<string> => {
        const options = room === undefined ? {} : { room };
        return (await rctl(c.system.kernel, 'rctl_get_racct', text, options)).error;
      };
      const name = c.name();
      assert.deepEqual([await get(`jail:${name}:`), await get(`jail:${name}:maxproc`)], ['', '']);
      assert.deepEqual([await get('jail:'), await get(`jail:${name}`, 50)], ['EINVAL', 'ERANGE']);
      assert.equal(await get('process:1'), '');
    });

    states(
      'limits are told of processes only',
      async (c) => {
        const { error } = await rctl(c.system.kernel, 'rctl_get_limits', `jail:${c.name()}`);
        assert.equal(error, 'EOPNOTSUPP');
      },
      { fact: 'B78b' },
    );
  },
  { needs: ['accounting'] },
);

group(
  'rctl(2): who may call it',
  'observed on 12.1: B92, B92b',
  (states) => {
    states('nobody but root on the host', async (c) => {
      const user = await member(c);
      assert.equal(await errorOf(user, 'setuid', 1001), '');
      const name = ruleName(c);
      for (const { system } of [user, await jailed(c, await c.jail())]) {
        const asked = [
          codeOf(
            run(system, (b) => addRule(b, { jail: name, resource: 'maxproc', action: 'deny', amount: 1n })),
          ),
          codeOf(run(system, (b) => readRules(b, name))),
          codeOf(run(system, (b) => readUsage(b, name))),
          codeOf(run(system, (b) => readLimits(b, host(c).pid))),
        ];
        assert.deepEqual(await Promise.all(asked), ['EPERM', 'EPERM', 'EPERM', 'EPERM']);
      }
    });
  },
  needs,
);
