import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { addRaw, addToPool, anchorName, beginPool, begun } from './harness/pf.js';

const needs = { needs: ['packet filter'] } as const;

/** PF_RULESET_FILTER, PF_RULESET_NAT, PF_RULESET_RDR */
const [filter, nat, rdr] = [1, 2, 4] as const;

/** Begins one kind of rules of an anchor of its own. */
const begin = async (c: Case, kind: number): Promise<{ anchor: string; ticket: number }> => {
  const anchor = anchorName(c);
  const [ticket = 0] = await begun(c, [kind, anchor]);
  return { anchor, ticket };
};

group(
  'pf(4): addresses to lead to',
  'observed on 12.1',
  (states) => {
    states('everybody counts on from one ticket', async (c) => {
      const first = await beginPool(c);
      assert.equal(await beginPool(c), first + 1);
    });

    states('only the current ticket takes them', async (c) => {
      const stale = await beginPool(c);
      const current = await beginPool(c);
      assert.equal(await addToPool(c, stale), 'EBUSY');
      assert.equal(await addToPool(c, current), '');
    });

    states('they are an address, those of an interface, or a table', async (c) => {
      const ticket = await beginPool(c);
      const { PF_ADDR_DYNIFTL, PF_ADDR_NOROUTE, PF_ADDR_TABLE } = c.constants;
      for (const type of [9, PF_ADDR_NOROUTE]) assert.equal(await addToPool(c, ticket, { type }), 'EINVAL');
      const wraps = [
        { type: PF_ADDR_DYNIFTL, ifname: 'lo0' },
        { type: PF_ADDR_DYNIFTL, ifname: 'nosuch0' },
        { type: PF_ADDR_TABLE, tblname: 'nosuchtable' },
      ];
      for (const wrap of wraps) assert.equal(await addToPool(c, ticket, wrap), '', JSON.stringify(wrap));
      await beginPool(c);
    });

    states(
      'their family is not looked at',
      async (c) => {
        const ticket = await beginPool(c);
        for (const af of [0, 99]) assert.equal(await addToPool(c, ticket, undefined, af), '');
        await beginPool(c);
      },
      on12,
    );

    states('a rule takes them: the next one has none', async (c) => {
      const { anchor, ticket } = await begin(c, nat);
      const poolTicket = await beginPool(c);
      assert.equal(await addToPool(c, poolTicket), '');
      const fields = { action: c.constants.PF_NAT };
      assert.equal(await addRaw(c, { anchor, ticket, poolTicket, fields }), '');
      const other = { ...fields, proto: 6 };
      assert.equal(await addRaw(c, { anchor, ticket, poolTicket, fields: other }), 'EINVAL');
    });

    states('a rule that translates needs one', async (c) => {
      for (const [kind, action] of [
        [nat, c.constants.PF_NAT],
        [rdr, c.constants.PF_RDR],
      ] as const) {
        const { anchor, ticket } = await begin(c, kind);
        assert.equal(await addRaw(c, { anchor, ticket, fields: { action } }), 'EINVAL');
      }
    });

    states('a rule without any has to name their ticket too', async (c) => {
      const { anchor, ticket } = await begin(c, filter);
      const poolTicket = await beginPool(c);
      assert.equal(await addRaw(c, { anchor, ticket, poolTicket: poolTicket + 1 }), 'EBUSY');
      assert.equal(await addRaw(c, { anchor, ticket, poolTicket }), '');
      assert.equal(await addRaw(c, { anchor, ticket, poolTicket, fields: { quick: 1 } }), '');
    });
  },
  needs,
);
