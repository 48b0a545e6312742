import assert from 'node:assert/strict';
import { findAnchorCalls } from '../../src/kernel/freebsd/pf-anchor-calls.js';
import { Case } from './harness/case.js';
import { group } from './harness/group.js';
import { inside, vnetJail } from './harness/interfaces.js';
import { isThere, loaded } from './harness/pf.js';

/** PF_RULESET_FILTER, PF_RULESET_NAT, PF_RULESET_RDR */
const [filter, nat, rdr] = [1, 2, 4] as const;

/** In the network stack of a jail, whose main ruleset is nobody else's, and goes with it. */
async function alone(c: Case): Promise<Case> {
  return new Case({ ...c.machine, system: await inside(c, await vnetJail(c)) });
}

group(
  'pf(4): the main ruleset',
  'observed on 12.1: P53 to P62',
  (states) => {
    states('calls nobody until it says so, for each kind of rules', async (c) => {
      const there = await alone(c);
      const calls = () => findAnchorCalls(there.system, 'top');
      assert.deepEqual(await calls(), { nat: false, rdr: false, filter: false });
      // These ask "top" itself, or one anchor below it.
      await loaded(there, filter, '', [{ anchorCall: 'top' }, { anchorCall: 'top/c1' }]);
      assert.deepEqual(await calls(), { nat: false, rdr: false, filter: false });
      const { PF_NAT, PF_RDR } = c.constants;
      await loaded(there, nat, '', [{ anchorCall: 'top/*', fields: { action: PF_NAT } }]);
      await loaded(there, rdr, '', [{ anchorCall: '/top/*', fields: { action: PF_RDR } }]);
      assert.deepEqual(await calls(), { nat: true, rdr: true, filter: false });
      await loaded(there, filter, '', [{ anchorCall: 'top/*' }]);
      assert.deepEqual(await calls(), { nat: true, rdr: true, filter: true });
    });

    states('makes the anchors that it calls, and is loaded as a whole', async (c) => {
      const there = await alone(c);
      await loaded(there, filter, '', [{ anchorCall: 'late/*' }]);
      assert.equal(await isThere(there, 'late'), true);
      await loaded(there, filter, '', []);
      assert.equal((await findAnchorCalls(there.system, 'late')).filter, false);
    });
  },
  { needs: ['packet filter', 'processes', 'vnet'] },
);
