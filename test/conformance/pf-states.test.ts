import assert from 'node:assert/strict';
import { openPacketFilter } from '../../src/kernel/freebsd/pf-device.js';
import { killState, killStates, killStatesOf } from '../../src/kernel/freebsd/pf-kill.js';
import { listStates } from '../../src/kernel/freebsd/pf-states.js';
import { run, type FreeBSD } from '../../src/kernel/freebsd/run.js';
import { readStruct } from '../../src/kernel/layout.js';
import type { Case } from './harness/case.js';
import { group } from './harness/group.js';
import { inside, vnetJail } from './harness/interfaces.js';
import { pfControl, pfStruct } from './harness/pf.js';

// In the network stack of a jail, where nothing has been sent: on the host, killing states would end connections.

const alone = async (c: Case): Promise<FreeBSD> => inside(c, await vnetJail(c));

group(
  'pf(4): states',
  'observed on 12.1',
  (states) => {
    states('asked without room, the size of all is told', async (c) => {
      const system = await alone(c);
      const { pfioc_states } = c.system.bindings.layouts;
      const { error, bytes } = await pfStruct(c, 'DIOCGETSTATES', 'pfioc_states', () => undefined, {
        system,
      });
      assert.deepEqual([error, readStruct(bytes, 0, pfioc_states).ps_len], ['', 0]);
      assert.deepEqual(await listStates(system), []);
    });

    states('none fits, none is killed: it is no error', async (c) => {
      const system = await alone(c);
      const killed = await run(system, (b) => {
        const pf = openPacketFilter(b);
        return [
          killStates(b, pf, { source: { network: '10.50.0.2' } }),
          killStates(b, pf, { destination: { network: 'fd00::', prefix: 8 } }),
          killStates(b, pf, { protocol: 'tcp', destination: { network: '10.50.0.2', ports: { first: 80 } } }),
          killStates(b, pf, { interface: 'nosuch0' }),
          killStates(b, pf, { label: 'nosuchlabel' }),
          killState(b, pf, { id: 0x1234n, creator: 0 }),
        ];
      });
      assert.deepEqual(killed, [0, 0, 0, 0, 0, 0]);
      assert.equal(await killStatesOf(system, ['10.50.0.2', 'fd00::2']), 0);
    });

    states(
      'a request that says nothing is taken: it is about all of them',
      async (c) => {
        const system = await alone(c);
        for (const request of ['DIOCKILLSTATES', 'DIOCCLRSTATES'] as const)
          assert.equal((await pfControl(c, request, (arena) => arena.reserve(224), { system })).error, '');
      },
      { releases: [12, 13, 14] },
    );
  },
  { needs: ['packet filter', 'processes', 'vnet'] },
);
