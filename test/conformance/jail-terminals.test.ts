import assert from 'node:assert/strict';
import { removeJail } from '../../src/kernel/freebsd/jail.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { takeTerminal, terminalPath } from '../../src/kernel/freebsd/terminal.js';
import { group, on12 } from './harness/group.js';
import { codeOf, endOf, jailed, member } from './harness/processes.js';
import {
  jailWithDevices,
  leader,
  lookAtDevices,
  opened,
  seenTerminals,
  slaveOf,
  taken,
} from './harness/terminals.js';

group(
  'pts(4): terminals and jails',
  'observed on 12.1: T4, T7, T8b, T10 to T12, 345',
  (states) => {
    states('one of the host is not seen in a jail, but works there if it is inherited', async (c) => {
      const { jid } = await jailWithDevices(c);
      const outside = await member(c);
      const terminal = await opened(outside);
      const slave = await slaveOf(outside, terminal);
      const inside = await jailed(c, jid, outside);
      assert.deepEqual(await seenTerminals(inside), []);
      assert.equal(await codeOf(slaveOf(inside, terminal)), 'ENOENT');
      assert.equal(await run(inside.system, (b) => terminalPath(b, slave)), `/dev/pts/${terminal.number}`);
    });

    states('in a jail the session that it controls sees it, and nobody else', async (c) => {
      const { jid } = await jailWithDevices(c);
      const outside = await member(c);
      const terminal = await opened(outside);
      const slave = await slaveOf(outside, terminal);
      const inside = await leader(c, jid, outside);
      const other = await leader(c, jid, outside);
      await run(inside.system, (b) => takeTerminal(b, slave));
      assert.deepEqual(await seenTerminals(inside), [String(terminal.number)]);
      assert.equal(await codeOf(slaveOf(inside, terminal)), '');
      assert.deepEqual(await seenTerminals(other), []);
      assert.equal(await codeOf(slaveOf(other, terminal)), 'ENOENT');
    });

    states('one that is opened in a jail is seen there and on the host, under the same number', async (c) => {
      const { jid } = await jailWithDevices(c);
      const outside = await member(c);
      const hosts = await opened(outside);
      const inside = await jailed(c, jid);
      const terminal = await opened(inside);
      assert.notEqual(terminal.number, hosts.number);
      assert.deepEqual(await seenTerminals(inside), [String(terminal.number)]);
      assert.ok((await seenTerminals(outside)).includes(String(terminal.number)));
      assert.equal(await codeOf(slaveOf(outside, terminal)), '');
    });

    states('a session in a jail can be controlled by one that it has opened itself', async (c) => {
      const { jid } = await jailWithDevices(c);
      const inside = await leader(c, jid);
      const slave = await taken(inside, await opened(inside));
      assert.equal(await codeOf(run(inside.system, (b) => takeTerminal(b, slave))), '');
    });

    states('another jail does not see it', async (c) => {
      const one = await jailWithDevices(c, 'one');
      const two = await jailWithDevices(c, 'two');
      const inside = await jailed(c, one.jid);
      const terminal = await opened(inside);
      const other = await jailed(c, two.jid);
      assert.deepEqual(await seenTerminals(other), []);
      assert.equal(await codeOf(slaveOf(other, terminal)), 'ENOENT');
    });

    states(
      'a closed one keeps its jail until somebody looks at a devfs',
      async (c) => {
        const { jid } = await jailWithDevices(c);
        const inside = await jailed(c, jid);
        await opened(inside);
        await c.run((b) => removeJail(b, jid));
        await endOf(c, inside);
        assert.equal(await c.exists({ jid }), true);
        await lookAtDevices(c);
        await c.gone({ jid });
      },
      { ...on12, fact: 'L25d' },
    );
  },
  { needs: ['processes'] },
);
