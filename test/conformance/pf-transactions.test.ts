import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import {
  addRaw,
  anchorName,
  begun,
  commits,
  gone,
  isThere,
  loaded,
  ruleCount,
  transact,
  type Element,
} from './harness/pf.js';

const needs = { needs: ['packet filter'] } as const;

/** PF_RULESET_* */
const [scrub, filter, nat, binat, rdr, queues, tables] = [0, 1, 2, 3, 4, 5, 6] as const;

const begin = async (c: Case, elements: readonly Element[], wrong = {}): Promise<string> => {
  return (await transact(c, 'DIOCXBEGIN', elements, wrong)).error;
};

group(
  'pf(4): what a transaction is made of',
  'observed on 12.1',
  (states) => {
    states('it may be about nothing', async (c) => {
      for (const request of ['DIOCXBEGIN', 'DIOCXCOMMIT', 'DIOCXROLLBACK'] as const)
        assert.equal((await transact(c, request, [])).error, '');
    });

    states('its elements have exactly their size', async (c) => {
      const anchor = anchorName(c);
      for (const esize of [0, 1031, 1040]) {
        assert.equal(await begin(c, [[nat, anchor]], { esize }), 'ENODEV');
        const commit = await transact(c, 'DIOCXCOMMIT', [[nat, anchor]], { esize });
        assert.equal(commit.error, 'ENODEV');
      }
      assert.equal(await isThere(c, anchor), false);
    });

    states('it has a number of them that can be, at an address that is there', async (c) => {
      const anchor = anchorName(c);
      for (const size of [-1, 100_000]) assert.equal(await begin(c, [[nat, anchor]], { size }), 'EINVAL');
      assert.equal(await begin(c, [[nat, anchor]], { array: null }), 'EFAULT');
    });

    states('it is about the kinds of rules that there are', async (c) => {
      const anchor = anchorName(c);
      for (const kind of [scrub, filter, nat, binat, rdr, tables])
        assert.equal(await begin(c, [[kind, anchor]]), '', `kind ${kind}`);
      for (const kind of [-1, 99]) assert.equal(await begin(c, [[kind, anchor]]), 'EINVAL', `kind ${kind}`);
      const [ticket = 0] = await begun(c, [tables, anchor]);
      await commits(c, '', [tables, anchor, ticket]);
    });

    states(
      'queues need ALTQ, and 7 is no kind of rules',
      async (c) => {
        const anchor = anchorName(c);
        for (const kind of [queues, 7])
          assert.equal(await begin(c, [[kind, anchor]]), 'EINVAL', `kind ${kind}`);
      },
      on12,
    );

    states('one that cannot begin leaves what it began before', async (c) => {
      const anchor = anchorName(c);
      assert.equal(
        await begin(c, [
          [nat, anchor],
          [99, anchor],
        ]),
        'EINVAL',
      );
      assert.equal(await isThere(c, anchor), true);
    });
  },
  needs,
);

group(
  'pf(4): tickets',
  'observed on 12.1',
  (states) => {
    states('each kind of rules of each anchor counts on its own', async (c) => {
      const anchor = anchorName(c);
      const tickets = await begun(c, [nat, anchor], [rdr, anchor], [filter, anchor]);
      assert.deepEqual(tickets, [1, 1, 1]);
      assert.deepEqual(await begun(c, [nat, anchor]), [2]);
      assert.deepEqual(await begun(c, [nat, anchor], [rdr, anchor]), [3, 2]);
    });

    states('who begins later takes the ticket of who began before', async (c) => {
      const anchor = anchorName(c);
      const [first = 0] = await begun(c, [filter, anchor]);
      const [second = 0] = await begun(c, [filter, anchor]);
      assert.equal(await addRaw(c, { anchor, ticket: first }), 'EBUSY');
      await commits(c, 'EBUSY', [filter, anchor, first]);
      assert.equal(await addRaw(c, { anchor, ticket: second }), '');
      await commits(c, '', [filter, anchor, second]);
      assert.equal((await ruleCount(c, anchor, c.constants.PF_PASS)).count, 1);
    });

    states('what was added before somebody else began is gone', async (c) => {
      const anchor = anchorName(c);
      const [first = 0] = await begun(c, [filter, anchor]);
      assert.equal(await addRaw(c, { anchor, ticket: first }), '');
      const [second = 0] = await begun(c, [filter, anchor]);
      await commits(c, '', [filter, anchor, second]);
      assert.equal(await isThere(c, anchor), false);
    });

    states('an anchor that is new counts from 1 again', async (c) => {
      const anchor = anchorName(c);
      await begun(c, [filter, anchor]);
      const [ticket = 0] = await begun(c, [filter, anchor]);
      await commits(c, '', [filter, anchor, ticket]);
      assert.deepEqual(await begun(c, [filter, anchor]), [1]);
    });

    states('a ticket of another kind of rules is none', async (c) => {
      const anchor = anchorName(c);
      await begun(c, [filter, anchor]);
      const [ofFilter = 0, ofNat = 0] = await begun(c, [filter, anchor], [nat, anchor]);
      assert.equal(await addRaw(c, { anchor, ticket: ofNat }), 'EBUSY');
      assert.equal(await addRaw(c, { anchor, ticket: 0 }), 'EBUSY');
      assert.equal(await addRaw(c, { anchor, ticket: ofFilter }), '');
    });
  },
  needs,
);

group(
  'pf(4): commit and rollback',
  'observed on 12.1',
  (states) => {
    states('a commit is all or nothing', async (c) => {
      const anchor = anchorName(c);
      const [stale = 0, good = 0] = await begun(c, [nat, anchor], [filter, anchor]);
      assert.equal(await addRaw(c, { anchor, ticket: good }), '');
      await begun(c, [nat, anchor]);
      await commits(c, 'EBUSY', [nat, anchor, stale], [filter, anchor, good]);
      assert.equal((await ruleCount(c, anchor, c.constants.PF_PASS)).count, 0);
      await commits(c, '', [filter, anchor, good]);
      assert.equal((await ruleCount(c, anchor, c.constants.PF_PASS)).count, 1);
    });

    states('there is nothing to commit where nothing was begun', async (c) => {
      const anchor = anchorName(c);
      await commits(c, 'EBUSY', [nat, anchor, 1]);
      await commits(c, 'EINVAL', [99, anchor, 1]);
      const [ticket = 0] = await begun(c, [filter, anchor]);
      assert.equal(await addRaw(c, { anchor, ticket }), '');
      await commits(c, '', [filter, anchor, ticket]);
      await commits(c, 'EBUSY', [filter, anchor, ticket]);
    });

    states('a rollback never fails, and does nothing by a wrong ticket', async (c) => {
      const anchor = anchorName(c);
      const unknown = await transact(c, 'DIOCXROLLBACK', [[nat, anchor, 1]]);
      assert.equal(unknown.error, '');
      const [ticket = 0] = await begun(c, [filter, anchor]);
      assert.equal(await addRaw(c, { anchor, ticket }), '');
      assert.equal((await transact(c, 'DIOCXROLLBACK', [[filter, anchor, ticket + 1]])).error, '');
      await commits(c, '', [filter, anchor, ticket]);
      assert.equal((await ruleCount(c, anchor, c.constants.PF_PASS)).count, 1);
    });

    states('after a rollback the active rules are what they were', async (c) => {
      const anchor = anchorName(c);
      await loaded(c, filter, anchor, [{}]);
      const [ticket = 0] = await begun(c, [filter, anchor]);
      assert.equal((await transact(c, 'DIOCXROLLBACK', [[filter, anchor, ticket]])).error, '');
      await commits(c, 'EBUSY', [filter, anchor, ticket]);
      assert.equal((await ruleCount(c, anchor, c.constants.PF_PASS)).count, 1);
    });

    states(
      'a rule is taken by a ticket that was committed or rolled back, and goes nowhere',
      async (c) => {
        const anchor = anchorName(c);
        const [first = 0] = await begun(c, [filter, anchor]);
        assert.equal(await addRaw(c, { anchor, ticket: first }), '');
        await commits(c, '', [filter, anchor, first]);
        assert.equal(await addRaw(c, { anchor, ticket: first }), '');
        await commits(c, 'EBUSY', [filter, anchor, first]);
        const [second = 0] = await begun(c, [filter, anchor]);
        await transact(c, 'DIOCXROLLBACK', [[filter, anchor, second]]);
        assert.equal(await addRaw(c, { anchor, ticket: second }), '');
        await commits(c, 'EBUSY', [filter, anchor, second]);
        assert.equal((await ruleCount(c, anchor, c.constants.PF_PASS)).count, 1);
      },
      on12,
    );

    states(
      'no rule is taken by a ticket that was committed',
      async (c) => {
        const anchor = anchorName(c);
        const [ticket = 0] = await begun(c, [filter, anchor]);
        assert.equal(await addRaw(c, { anchor, ticket }), '');
        await commits(c, '', [filter, anchor, ticket]);
        assert.equal(await addRaw(c, { anchor, ticket, fields: { quick: 1 } }), 'EINVAL');
      },
      { releases: [14, 15], fact: 'pf_ioctl_addrule() of 14: inactive.tree' },
    );

    states('an anchor that was committed empty is not there to add a rule to', async (c) => {
      const anchor = anchorName(c);
      const [ticket = 0] = await begun(c, [filter, anchor]);
      await commits(c, '', [filter, anchor, ticket]);
      assert.equal(await addRaw(c, { anchor, ticket }), 'EINVAL');
    });

    states('an anchor that came with a transaction outlives its rollback', async (c) => {
      const anchor = anchorName(c);
      const [first = 0] = await begun(c, [filter, anchor]);
      assert.equal(await isThere(c, anchor), true);
      await transact(c, 'DIOCXROLLBACK', [[filter, anchor, first]]);
      assert.equal(await isThere(c, anchor), true);
      const [second = 0] = await begun(c, [filter, anchor]);
      await commits(c, '', [filter, anchor, second]);
      await gone(c, anchor);
    });

    states('an open transaction holds its anchor', async (c) => {
      const anchor = anchorName(c);
      const [ofNat = 0, ofFilter = 0] = await begun(c, [nat, anchor], [filter, anchor]);
      await commits(c, '', [nat, anchor, ofNat]);
      assert.equal(await isThere(c, anchor), true);
      await commits(c, '', [filter, anchor, ofFilter]);
      assert.equal(await isThere(c, anchor), false);
    });
  },
  needs,
);
