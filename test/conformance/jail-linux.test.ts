import assert from 'node:assert/strict';
import { group, on12 } from './harness/group.js';
import { ints, made, refusesWith, textOf } from './harness/jails.js';
import { int, text } from './harness/raw.js';

group(
  'jail_set(2): Linux parameters',
  'observed on 12.1 with the Linux ABI in the kernel',
  (states) => {
    states('a jail has values of its own by default', async (c) => {
      const jid = await made(c);
      assert.deepEqual(await ints(c, jid, 'linux'), [1]);
      assert.deepEqual(await ints(c, await made(c, ['linux', int(1)]), 'linux'), [1]);
      assert.equal(await textOf(c, jid, 'linux.osname'), 'Linux');
    });

    states('linux is new or inherited', (c) => refusesWith(c, ['linux', int(0)], 'EINVAL'));

    states('a release has three numbers', async (c) => {
      const jid = await made(c, ['linux.osrelease', text('4.4.0')]);
      assert.equal(await textOf(c, jid, 'linux.osrelease'), '4.4.0');
      await refusesWith(c, ['linux.osrelease', text('junk')], 'EINVAL', 'linux.osrelease format error');
    });
  },
  { ...on12, needs: ['Linux ABI'] },
);
