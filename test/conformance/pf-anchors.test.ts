import assert from 'node:assert/strict';
import type { Case } from './harness/case.js';
import { group } from './harness/group.js';
import {
  addRaw,
  anchorName,
  begun,
  commits,
  empty,
  gone,
  isThere,
  listChildren,
  loaded,
  pfStruct,
  ruleCount,
  transact,
} from './harness/pf.js';
import { listRules } from '../../src/kernel/freebsd/pf-rules.js';

const needs = { needs: ['packet filter'] } as const;

/** PF_RULESET_FILTER, PF_RULESET_NAT, PF_RULESET_RDR */
const [filter, nat, rdr] = [1, 2, 4] as const;

const begin = async (c: Case, path: string | Uint8Array): Promise<string> => {
  return (await transact(c, 'DIOCXBEGIN', [[filter, path]])).error;
};

group(
  'pf(4): names of anchors',
  'observed on 12.1',
  (states) => {
    states('nearly any will do', async (c) => {
      const top = anchorName(c);
      for (const name of ['y', 'y/z', 'a b', 'w', '_pf', '_pf/q'])
        assert.equal(await begin(c, `${top}/${name}`), '', name);
      assert.deepEqual(await listChildren(c, top), ['_pf', 'a b', 'w', 'y']);
      assert.deepEqual(await listChildren(c, `${top}/y`), ['z']);
    });

    states('slashes in front are dropped, one at the end too when it is made', async (c) => {
      const [lead, trail] = [anchorName(c), anchorName(c)];
      assert.equal(await begin(c, `/${lead}/x`), '');
      assert.equal(await isThere(c, `${lead}/x`), true);
      assert.equal(await begin(c, `${trail}/`), '');
      assert.equal(await isThere(c, trail), true);
      assert.equal((await ruleCount(c, `${trail}/`, c.constants.PF_PASS)).error, 'EINVAL');
      assert.equal((await ruleCount(c, `/${trail}`, c.constants.PF_PASS)).error, '');
    });

    states('no part is empty or has over 63 bytes', async (c) => {
      const top = anchorName(c);
      assert.equal(await begin(c, `${top}//y`), 'EINVAL');
      for (const parent of [top, `${top}/x`]) {
        assert.equal(await begin(c, `${parent}/${'n'.repeat(63)}`), '');
        for (const length of [64, 65])
          assert.equal(await begin(c, `${parent}/${'n'.repeat(length)}`), 'EINVAL');
      }
    });

    states('64 of them can lie in each other, 1023 bytes cannot be one', async (c) => {
      const top = anchorName(c);
      const deep = [top, ...Array<string>(64).fill('d')].join('/');
      assert.equal(await begin(c, deep), '');
      assert.equal(await isThere(c, deep), true);
      assert.equal(await begin(c, 'n'.repeat(1023)), 'EINVAL');
      assert.equal(await begin(c, Buffer.alloc(1024, 'n')), 'EINVAL');
    });
  },
  needs,
);

group(
  'pf(4): the list of anchors',
  'observed on 12.1',
  (states) => {
    const ask = async (c: Case, request: 'DIOCGETRULESETS' | 'DIOCGETRULESET', path: string, nr: number) => {
      const { pfioc_ruleset } = c.system.bindings.layouts;
      const { error } = await pfStruct(c, request, 'pfioc_ruleset', (arena, at) => {
        arena.writeStruct(at, pfioc_ruleset, { path, nr });
      });
      return error;
    };

    states('it has those directly below one, by name', async (c) => {
      const top = anchorName(c);
      for (const name of ['c', 'a', 'b', 'b/inner']) assert.equal(await begin(c, `${top}/${name}`), '');
      assert.deepEqual(await listChildren(c, top), ['a', 'b', 'c']);
      assert.ok((await listChildren(c, '')).includes(top));
    });

    states('it ends with EBUSY, and ENOENT is that there is no such anchor', async (c) => {
      const top = anchorName(c);
      assert.equal(await begin(c, `${top}/only`), '');
      assert.equal(await ask(c, 'DIOCGETRULESET', top, 0), '');
      assert.equal(await ask(c, 'DIOCGETRULESET', top, 1), 'EBUSY');
      for (const request of ['DIOCGETRULESETS', 'DIOCGETRULESET'] as const)
        assert.equal(await ask(c, request, `${top}/none`, 0), 'ENOENT');
    });
  },
  needs,
);

group(
  'pf(4): the end of an anchor',
  'observed on 12.1',
  (states) => {
    states('without rules it is gone at once, and its parents with it', async (c) => {
      const top = anchorName(c);
      const path = `${top}/u2/u3`;
      const { PF_DROP } = c.constants;
      await loaded(c, filter, path, [{ fields: { action: PF_DROP } }]);
      assert.equal(await isThere(c, path), true);
      await loaded(c, filter, path, []);
      assert.equal(await isThere(c, top), false);
    });

    states('another one beside it keeps the parent', async (c) => {
      const top = anchorName(c);
      for (const name of ['x1', 'x2']) await loaded(c, filter, `${top}/${name}`, [{}]);
      await loaded(c, filter, `${top}/x1`, []);
      assert.deepEqual(await listChildren(c, top), ['x2']);
    });

    states('rules of any kind keep it', async (c) => {
      const top = anchorName(c);
      const [ofNat = 0, ofRdr = 0, ofFilter = 0] = await begun(c, [nat, top], [rdr, top], [filter, top]);
      assert.equal(
        await addRaw(c, { anchor: top, ticket: ofNat, fields: { action: c.constants.PF_NONAT } }),
        '',
      );
      await commits(c, '', [nat, top, ofNat], [rdr, top, ofRdr], [filter, top, ofFilter]);
      assert.equal(await isThere(c, top), true);
      await loaded(c, nat, top, []);
      assert.equal(await isThere(c, top), false);
    });

    states('a call keeps it, also for some time after the rule that calls is gone', async (c) => {
      const [caller, called] = [anchorName(c), anchorName(c)];
      await loaded(c, filter, `${called}/x`, [{}]);
      await loaded(c, filter, caller, [{ anchorCall: `/${called}/*` }]);
      await loaded(c, filter, `${called}/x`, []);
      assert.equal(await isThere(c, called), true);
      assert.deepEqual(await listChildren(c, called), []);
      await empty(c, caller);
      assert.equal(await isThere(c, called), true);
      await gone(c, called);
    });

    states('one that calls what is below it is kept by that', async (c) => {
      const top = anchorName(c);
      await loaded(c, filter, top, [{ anchorCall: 'sub' }]);
      await loaded(c, filter, top, []);
      assert.deepEqual(await listChildren(c, top), ['sub']);
    });
  },
  needs,
);

group(
  'pf(4): calls of anchors',
  'observed on 12.1',
  (states) => {
    states('they are relative or begin at the top, and make what they call', async (c) => {
      const [top, other] = [anchorName(c), anchorName(c)];
      const calls = ['sub', `/${other}/*`, '../x', `../${other}`];
      const inner = `${top}/t1`;
      await loaded(
        c,
        filter,
        inner,
        calls.map((anchorCall) => ({ anchorCall })),
      );
      const rules = await listRules(c.system, inner, 'filter');
      assert.deepEqual(
        rules.map(({ anchorCall }) => anchorCall),
        calls,
      );
      for (const path of [`${inner}/sub`, other, `${top}/x`, `${top}/${other}`])
        assert.equal(await isThere(c, path), true, path);
    });

    states('they do not lead beyond the top', async (c) => {
      const top = anchorName(c);
      const [ticket = 0] = await begun(c, [filter, top]);
      assert.equal(await addRaw(c, { anchor: top, ticket, anchorCall: '../../x' }), 'EINVAL');
      assert.equal(await addRaw(c, { anchor: top, ticket, anchorCall: '/' }), 'EINVAL');
    });

    states('translation that calls needs no address to lead to', async (c) => {
      const [top, called] = [anchorName(c), anchorName(c)];
      for (const [kind, action] of [
        [nat, c.constants.PF_NAT],
        [rdr, c.constants.PF_RDR],
      ] as const) {
        await loaded(c, kind, top, [{ anchorCall: `/${called}/*`, fields: { action } }]);
        assert.equal((await ruleCount(c, top, action)).count, 1);
      }
    });
  },
  needs,
);
