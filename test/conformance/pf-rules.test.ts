import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { addRaw, anchorName, begun, loaded, ruleCount } from './harness/pf.js';

const needs = { needs: ['packet filter'] } as const;

/** PF_RULESET_FILTER */
const filter = 1;

/** Begins one kind of rules of an anchor of its own. */
const begin = async (c: Case, kind: number): Promise<{ anchor: string; ticket: number }> => {
  const anchor = anchorName(c);
  const [ticket = 0] = await begun(c, [kind, anchor]);
  return { anchor, ticket };
};

group(
  'pf(4): what a rule may say',
  'observed on 12.1',
  (states) => {
    states('it goes into an anchor that is there', async (c) => {
      assert.equal(await addRaw(c, { anchor: c.name('pf'), ticket: 0 }), 'EINVAL');
    });

    states('its action is one of those that there are', async (c) => {
      const { anchor, ticket } = await begin(c, filter);
      assert.equal(await addRaw(c, { anchor, ticket, fields: { action: 255 } }), 'EINVAL');
    });

    states(
      'match is none of them',
      async (c) => {
        const { anchor, ticket } = await begin(c, filter);
        assert.equal(await addRaw(c, { anchor, ticket, fields: { action: 12 } }), 'EINVAL');
      },
      on12,
    );

    states('an interface need not be there', async (c) => {
      const { anchor, ticket } = await begin(c, filter);
      assert.equal(await addRaw(c, { anchor, ticket, fields: { ifname: 'nosuch0' } }), '');
    });

    states(
      'neither family nor direction are looked at',
      async (c) => {
        const { anchor, ticket } = await begin(c, filter);
        for (const fields of [{ af: 99 }, { direction: 7 }])
          assert.equal(await addRaw(c, { anchor, ticket, fields }), '');
      },
      on12,
    );

    states('a routing table is there, or none is named', async (c) => {
      const { anchor, ticket } = await begin(c, filter);
      assert.equal(await addRaw(c, { anchor, ticket, fields: { rtableid: 70_000 } }), 'EBUSY');
      for (const rtableid of [0, -1])
        assert.equal(await addRaw(c, { anchor, ticket, fields: { rtableid, quick: rtableid + 1 } }), '');
    });

    states(
      'the same one can be there twice',
      async (c) => {
        const anchor = anchorName(c);
        await loaded(c, filter, anchor, [{}, {}]);
        assert.equal((await ruleCount(c, anchor, c.constants.PF_PASS)).count, 2);
      },
      on12,
    );

    states(
      'the same one cannot be there twice',
      async (c) => {
        const { anchor, ticket } = await begin(c, filter);
        assert.equal(await addRaw(c, { anchor, ticket }), '');
        assert.equal(await addRaw(c, { anchor, ticket }), 'EEXIST');
        assert.equal(await addRaw(c, { anchor, ticket, fields: { label: 'another' } }), '');
      },
      { releases: [14, 15], fact: 'pf_ioctl_addrule() of 14' },
    );
  },
  needs,
);
