import assert from 'node:assert/strict';
import { addRule, listRules, removeRule, removeRules } from '../../src/kernel/freebsd/rctl.js';
import type { JailRule } from '../../src/kernel/freebsd/rctl-rule.js';
import { group } from './harness/group.js';
import { adds, rctl, ruleName, rulesOf, unlimitLater } from './harness/limits.js';
import type { Case } from './harness/case.js';

const add = (c: Case, text: string, length?: number): Promise<{ error: string }> => {
  return rctl(c.system.kernel, 'rctl_add_rule', text, length === undefined ? {} : { length });
};

group(
  'rctl_add_rule(2): what it takes',
  'observed on 12.1: B1 to B48',
  (states) => {
    states(
      'the amount replaces that of the same rule, other actions and subjects are rules of their own',
      async (c) => {
        const name = ruleName(c);
        await adds(c, name, ['maxproc:deny=5', 'maxproc:deny=5', 'maxproc:deny=6', 'maxproc:deny=7/jail']);
        await adds(c, name, ['maxproc:deny=5/user', 'maxproc:deny=5/process', 'maxproc:devctl=4']);
        assert.deepEqual(await rulesOf(c, name), [
          'maxproc:devctl=4',
          'maxproc:deny=5/process',
          'maxproc:deny=5/user',
          'maxproc:deny=7',
        ]);
      },
    );

    states('what is not whole is EINVAL', async (c) => {
      const name = ruleName(c);
      await adds(c, name, ['maxproc', 'maxproc:deny', 'maxproc:deny='], 'EINVAL');
      for (const text of ['', 'jail::maxproc:deny=5'])
        assert.equal((await add(c, text)).error, 'EINVAL', text);
    });

    states('words that it does not know are EINVAL', async (c) => {
      const name = ruleName(c);
      const unknown = ['nosuch:deny=5', 'maxproc:nosuch=5', 'maxproc:deny=5/nosuch', 'maxproc:sigfoo=3'];
      await adds(c, name, unknown, 'EINVAL');
      assert.equal((await add(c, `prison:${name}:maxproc:deny=5`)).error, 'EINVAL');
      assert.equal((await add(c, 'user:root:maxproc:deny=5')).error, 'EINVAL');
    });

    states('capitals do not matter, blanks and further parts do', async (c) => {
      const name = ruleName(c);
      assert.equal((await add(c, `JAIL:${name}:maxproc:deny=9`)).error, '');
      assert.deepEqual(await rulesOf(c, name), ['maxproc:deny=9']);
      assert.equal((await add(c, ` jail:${name}:maxproc:deny=9`)).error, 'EINVAL');
      await adds(c, name, ['maxproc:deny=9 ', 'maxproc:deny=9:x', 'maxproc:deny=5k'], 'EINVAL');
    });

    states(
      'amounts are from 0 to 2^63 - 1, after what is counted in millionths has been multiplied',
      async (c) => {
        const name = ruleName(c);
        await adds(c, name, ['memoryuse:deny=0']);
        await adds(
          c,
          name,
          [
            ...['maxproc:deny=-1', 'maxproc:deny=99999999999999999999999'],
            ...['pcpu:deny=18446744073709551615', 'cputime:log=18446744073709551615'],
          ],
          'ERANGE',
        );
      },
    );

    states('what cannot be done about a resource is EOPNOTSUPP', async (c) => {
      const name = ruleName(c);
      await adds(
        c,
        name,
        ['wallclock:deny=5', 'cputime:deny=5', 'readbps:deny=1000', 'maxproc:throttle=5'],
        'EOPNOTSUPP',
      );
      await adds(c, name, [
        'wallclock:sigkill=5000',
        'readbps:throttle=1000',
        'swapuse:deny=100',
        'pcpu:deny=50',
      ]);
      await adds(c, name, [
        'memoryuse:deny=10000000',
        'vmemoryuse:deny=10000000',
        'nthr:sigterm=3',
        'nmsgq:deny=1',
      ]);
    });

    states('names may have blanks, commas and 255 bytes, but not 256', async (c) => {
      for (const name of [`${c.name()} a`, `${c.name()},x=y`, c.name().padEnd(255, 'n')]) {
        unlimitLater(c, name);
        await adds(c, name, ['maxproc:deny=9']);
        const [rule, ...more] = await listRules(c.system, name);
        assert.deepEqual([rule?.name, more.length], [name, 0]);
      }
      await adds(c, c.name().padEnd(256, 'n'), ['maxproc:deny=9'], 'ENAMETOOLONG');
    });

    states(
      'only rules that deny take the place of others with another amount',
      async (c) => {
        const name = ruleName(c);
        await adds(c, name, [
          'maxproc:log=5',
          'maxproc:log=5',
          'maxproc:log=6',
          'readbps:throttle=1',
          'readbps:throttle=2',
        ]);
        assert.deepEqual(await rulesOf(c, name), [
          ...['readbps:throttle=2', 'readbps:throttle=1', 'maxproc:log=6', 'maxproc:log=5'],
        ]);
      },
      { releases: [14, 15], fact: 'rctl_rule_add() of 14' },
    );

    states(
      'what is not counted by process is EOPNOTSUPP so',
      async (c) => {
        const resources = [
          'swapuse',
          'pseudoterminals',
          'nmsgq',
          'nsem',
          'nshm',
          'shmsize',
          'msgqsize',
          'msgqqueued',
        ];
        await adds(
          c,
          ruleName(c),
          resources.map((resource) => `${resource}:deny=5/process`),
          'EOPNOTSUPP',
        );
      },
      { releases: [14, 15], fact: 'rctl_rule_add() of 14' },
    );

    states('a process that is not there is ESRCH', async (c) => {
      assert.equal((await add(c, 'process:99999:maxproc:deny=5')).error, 'ESRCH');
    });
  },
  { needs: ['accounting'] },
);

group(
  'rctl(2): lengths',
  'observed on 12.1: B60 to B62, B64, B68',
  (states) => {
    states('text without its NUL is ENAMETOOLONG, none EINVAL, too much E2BIG', async (c) => {
      const text = `jail:${ruleName(c)}:nthr:deny=9`;
      assert.equal((await add(c, text, text.length)).error, 'ENAMETOOLONG');
      assert.equal((await add(c, text, 0)).error, 'EINVAL');
      assert.equal((await add(c, text.padEnd(5000, '0'))).error, 'E2BIG');
    });

    states('a list that does not leave room to spare is ERANGE, and nothing is told', async (c) => {
      const name = ruleName(c);
      await adds(c, name, ['maxproc:deny=9']);
      const { length } = `jail:${name}:maxproc:deny=9`;
      const get = (room: number) => rctl(c.system.kernel, 'rctl_get_rules', `jail:${name}`, { room });
      for (const room of [20, length, length + 1]) {
        assert.deepEqual(await get(room), { error: 'ERANGE', text: '' });
      }
      assert.equal((await get(length + 16)).error, '');
    });

    states('lists are read with more and more room', async (c) => {
      const name = ruleName(c);
      const signals = ['hup', 'int', 'quit', 'ill', 'trap', 'abrt', 'emt', 'fpe', 'kill', 'bus'];
      const resources = [
        'maxproc',
        'nthr',
        'openfiles',
        'nsem',
        'nsemop',
        'nshm',
        'nmsgq',
        'shmsize',
      ] as const;
      for (const resource of resources) {
        const rules = signals.map((each): JailRule => {
          return { jail: name, resource, action: `sig${each}`, amount: 1_234_567_890_123n };
        });
        await c.run((b) => rules.map((rule) => addRule(b, rule)));
      }
      assert.equal((await listRules(c.system, name)).length, signals.length * resources.length);
    });
  },
  { needs: ['accounting'] },
);

group(
  'rctl_get_rules(2) and rctl_remove_rule(2)',
  'observed on 12.1: B67, B69 to B71, B98',
  (states) => {
    states('names without rules have an empty list, and nothing to remove: ESRCH', async (c) => {
      const name = ruleName(c);
      assert.deepEqual(await listRules(c.system, name), []);
      await c.refused('ESRCH', (b) => removeRules(b, name));
    });

    states('all rules of a name and a resource go, or of a name; those of others stay', async (c) => {
      const [one, other] = [ruleName(c), ruleName(c)];
      await adds(c, one, ['maxproc:deny=9', 'maxproc:log=9', 'nthr:deny=9', 'nmsgq:deny=9']);
      await adds(c, other, ['maxproc:deny=5']);
      await c.run((b) => removeRules(b, one, 'maxproc'));
      assert.deepEqual(await rulesOf(c, one), ['nmsgq:deny=9', 'nthr:deny=9']);
      await c.run((b) => removeRules(b, one));
      assert.deepEqual([await rulesOf(c, one), await rulesOf(c, other)], [[], ['maxproc:deny=5']]);
    });

    states(
      'a rule goes by itself; those of other amounts, actions and kinds stay',
      async (c) => {
        const name = ruleName(c);
        const rule = { jail: name, resource: 'maxproc', action: 'deny', amount: 9n } as const;
        await adds(c, name, ['maxproc:deny=9', 'maxproc:deny=9/user', 'maxproc:log=9', 'pcpu:deny=50']);
        await c.refused('ESRCH', (b) => removeRule(b, { ...rule, amount: 8n }));
        await c.run((b) => removeRule(b, rule));
        const left = ['maxproc:deny=9/user', 'maxproc:log=9', 'pcpu:deny=50'];
        assert.deepEqual((await rulesOf(c, name)).sort(), left);
        await c.run((b) => [
          removeRule(b, { ...rule, per: 'user' }),
          removeRule(b, { ...rule, resource: 'pcpu', amount: 50n }),
        ]);
        assert.deepEqual(await rulesOf(c, name), ['maxproc:log=9']);
        await c.refused('ESRCH', (b) => removeRule(b, rule));
      },
      { fact: 'rctl_string_to_rule() and rctl_rule_matches() of kern_rctl.c' },
    );

    states('of a jail in another one the name is the whole name', async (c) => {
      const name = ruleName(c);
      unlimitLater(c, `a.${name}`);
      await adds(c, name, ['maxproc:deny=7']);
      await adds(c, `a.${name}`, ['maxproc:deny=8']);
      assert.deepEqual(
        [await rulesOf(c, name), await rulesOf(c, `a.${name}`)],
        [['maxproc:deny=7'], ['maxproc:deny=8']],
      );
    });
  },
  { needs: ['accounting'] },
);

group(
  'rctl(2) without accounting',
  'sys_rctl_add_rule() of kern_rctl.c of 13.0',
  (states) => {
    states('all calls are ENOSYS, whatever they are given', async (c) => {
      const calls = ['add_rule', 'remove_rule', 'get_rules', 'get_limits', 'get_racct'] as const;
      for (const each of calls) {
        assert.equal(
          (await rctl(c.system.kernel, `rctl_${each}`, 'jail:x:maxproc:deny=1')).error,
          'ENOSYS',
          each,
        );
      }
    });
  },
  { needs: ['no accounting'] },
);
