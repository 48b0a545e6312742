import assert from 'node:assert/strict';
import { attachJail } from '../../src/kernel/freebsd/jail.js';
import {
  openPacketFilter,
  packetFilterStatus,
  startPacketFilter,
} from '../../src/kernel/freebsd/pf-device.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, on12 } from './harness/group.js';
import { inside, vnetJail } from './harness/interfaces.js';
import { anchorName, isThere, openPf, pfControl, ruleCount, transact } from './harness/pf.js';
import { call } from './harness/raw.js';

/** PF_RULESET_FILTER */
const filter = 1;

group(
  'pf(4): the device',
  'observed on 12.1',
  (states) => {
    states('open for reading it tells, but takes nothing', async (c) => {
      const anchor = anchorName(c);
      const fd = await openPf(c, c.system, c.constants.O_RDONLY);
      assert.equal((await transact(c, 'DIOCXBEGIN', [[filter, anchor]], { fd })).error, 'EACCES');
      const counted = await pfControl(c, 'DIOCGETRULESETS', (arena) => arena.reserve(1092), { fd });
      assert.equal(counted.error, '');
      assert.equal(await isThere(c, anchor), false);
    });

    states('what is no request is ENODEV', async (c) => {
      // _IOWR('D', 250, 24 bytes)
      assert.equal((await pfControl(c, 0xc018_44fa, (arena) => arena.reserve(24))).error, 'ENODEV');
    });

    states(
      'rules by list are no request yet',
      async (c) => {
        assert.equal((await pfControl(c, 0xc018_4404, (arena) => arena.reserve(24))).error, 'ENODEV');
      },
      on12,
    );

    states('the main ruleset is always there', async (c) => {
      assert.equal((await ruleCount(c, '', c.constants.PF_PASS)).error, '');
    });
  },
  { needs: ['packet filter'] },
);

group(
  'pf(4): whose filter it is',
  'observed on 12.1',
  (states) => {
    states('a network stack of its own has a filter of its own', async (c) => {
      const system = await inside(c, await vnetJail(c));
      const before = await running(c);
      assert.equal(await run(system, isRunning), false);
      await run(system, (b) => startPacketFilter(b, openPacketFilter(b)));
      assert.equal(await run(system, isRunning), true);
      assert.equal(await running(c), before);
    });

    states('it is started once and stopped once', async (c) => {
      const system = await inside(c, await vnetJail(c));
      const control = async (request: 'DIOCSTART' | 'DIOCSTOP'): Promise<string> => {
        return (await pfControl(c, request, (arena) => arena.reserve(8), { system })).error;
      };
      assert.equal(await control('DIOCSTOP'), 'ENOENT');
      assert.equal(await control('DIOCSTART'), '');
      assert.equal(await control('DIOCSTART'), 'EEXIST');
      assert.equal(await control('DIOCSTOP'), '');
    });

    states('a jail without a stack of its own acts on that of the host', async (c) => {
      const anchor = anchorName(c);
      const system = await inside(c, await c.jail());
      assert.equal((await transact(c, 'DIOCXBEGIN', [[filter, anchor]], { system })).error, '');
      assert.equal(await isThere(c, anchor), true);
    });

    states('what counts is who makes the request, not who opened the device', async (c) => {
      const anchor = anchorName(c);
      const jid = await vnetJail(c);
      const kernel = await c.child();
      const system = { kernel, bindings: c.system.bindings };
      const fd = await openPf(c, system);
      await run(system, (b) => attachJail(b, jid));
      assert.equal((await transact(c, 'DIOCXBEGIN', [[filter, anchor]], { system, fd })).error, '');
      assert.equal(await isThere(c, anchor), false);
    });

    states('only root opens it', async (c) => {
      const kernel = await c.child();
      assert.equal((await call(kernel, 'setuid', () => [1001])).error, '');
      const opened = await call(kernel, 'openat', (arena) => [
        c.constants.AT_FDCWD,
        { arena: arena.text('/dev/pf', 'path') },
        c.constants.O_RDONLY,
        0,
      ]);
      assert.equal(opened.error, 'EACCES');
    });
  },
  { needs: ['packet filter', 'processes', 'vnet'] },
);

const isRunning = (b: Parameters<typeof openPacketFilter>[0]) => {
  const status = packetFilterStatus(b, openPacketFilter(b));
  return {
    value: status.value,
    decode: (outcome: Parameters<typeof status.decode>[0]) => status.decode(outcome).running,
  };
};

const running = (c: Case): Promise<boolean> => c.run(isRunning);
