import assert from 'node:assert/strict';
import { addBridgeMember, bridgeMembers, removeBridgeMember } from '../../src/kernel/freebsd/bridge.js';
import {
  destroyInterface,
  interfaceFlags,
  interfaceMtu,
  renameInterface,
  setInterfaceMtu,
} from '../../src/kernel/freebsd/interface.js';
import type { Case } from './harness/case.js';
import { group, on12, type On } from './harness/group.js';
import { control, destroyLater, epair, errorOf, made } from './harness/interfaces.js';

const bridges: On = { needs: ['epair', 'bridge'] };

const members = async (c: Case, bridge: string): Promise<string[]> => {
  return (await c.run((b) => bridgeMembers(b, bridge))).map(({ name }) => name);
};

/** A request of a bridge as it is. */
const drvspec = async (
  c: Case,
  name: string,
  command: number,
  {
    length,
    request = 'SIOCSDRVSPEC',
    member = '',
  }: { length?: number; request?: 'SIOCSDRVSPEC' | 'SIOCGDRVSPEC'; member?: string } = {},
): Promise<string> => {
  const { ifbreq, ifdrv } = c.system.bindings.layouts;
  const { error } = await control(c.system, request, 'AF_LOCAL', (arena) => {
    const data = arena.struct(ifbreq, { ifbr_ifsname: member });
    return arena.struct(ifdrv, {
      ifd_name: name,
      ifd_cmd: command,
      ifd_len: length ?? ifbreq.size,
      ifd_data: data,
    });
  });
  return error;
};

group(
  'if_bridge(4): members',
  'observed on 12.1',
  (states) => {
    states(
      'a member is in one bridge, once',
      async (c) => {
        const [[a], bridge, other] = [await epair(c), await made(c, 'bridge'), await made(c, 'bridge')];
        await c.run((b) => addBridgeMember(b, bridge, a));
        assert.deepEqual(await c.run((b) => bridgeMembers(b, bridge)), [{ name: a, flags: 0x143 }]);
        assert.equal(await c.run((b) => interfaceFlags(b, a)), 0x8942);
        await c.refused('EEXIST', (b) => addBridgeMember(b, bridge, a));
        await c.refused('EBUSY', (b) => addBridgeMember(b, other, a));
        await c.run((b) => removeBridgeMember(b, bridge, a));
        await c.refused('ENOENT', (b) => removeBridgeMember(b, bridge, a));
        assert.equal(await c.run((b) => interfaceFlags(b, a)), 0x8842);
      },
      on12,
    );

    states(
      'what is no Ethernet interface cannot be one',
      async (c) => {
        const [bridge, other] = [await made(c, 'bridge'), await made(c, 'bridge')];
        await c.refused('ENOENT', (b) => addBridgeMember(b, bridge, 'nosuch0'));
        for (const name of ['lo0', other, bridge])
          await c.refused('EINVAL', (b) => addBridgeMember(b, bridge, name));
        for (const name of ['lo0', 'nosuch0'])
          await c.refused('ENOENT', (b) => removeBridgeMember(b, bridge, name));
      },
      on12,
    );

    states('commands have exact lengths and a direction', async (c) => {
      const [[a], bridge] = [await epair(c), await made(c, 'bridge')];
      const { BRDGADD } = c.constants;
      assert.equal(await drvspec(c, bridge, 99), 'EINVAL');
      for (const length of [79, 81])
        assert.equal(await drvspec(c, bridge, BRDGADD, { length, member: a }), 'EINVAL');
      assert.equal(await drvspec(c, bridge, BRDGADD, { request: 'SIOCGDRVSPEC', member: a }), 'EINVAL');
      assert.equal(await drvspec(c, a, BRDGADD, { member: a }), 'EINVAL');
      assert.equal(await drvspec(c, 'nosuch0', BRDGADD, { member: a }), 'ENXIO');
    });

    states('a member that is renamed stays one', async (c) => {
      const [[a], bridge] = [await epair(c), await made(c, 'bridge')];
      const name = c.name('n').slice(0, 15);
      await c.run((b) => [addBridgeMember(b, bridge, a), renameInterface(b, a, name)]);
      destroyLater(c, name);
      assert.deepEqual(await members(c, bridge), [name]);
    });

    states('a member that is destroyed is none', async (c) => {
      const [[a], bridge] = [await epair(c), await made(c, 'bridge')];
      await c.run((b) => [addBridgeMember(b, bridge, a), destroyInterface(b, a)]);
      assert.deepEqual(await members(c, bridge), []);
    });

    states('a bridge that is destroyed lets its members go', async (c) => {
      const [[a], bridge, other] = [await epair(c), await made(c, 'bridge'), await made(c, 'bridge')];
      await c.run((b) => [addBridgeMember(b, bridge, a), destroyInterface(b, bridge)]);
      assert.equal(await c.run((b) => interfaceFlags(b, a)), 0x8842);
      await c.run((b) => addBridgeMember(b, other, a));
    });
  },
  bridges,
);

group(
  'if_bridge(4): MTU',
  'observed on 12.1',
  (states) => {
    const mtu = (c: Case, name: string): Promise<number> => c.run((b) => interfaceMtu(b, name));

    states('without members it is 576 to 65535', async (c) => {
      const bridge = await made(c, 'bridge');
      assert.equal(await mtu(c, bridge), 1500);
      for (const value of [575, 65_536])
        assert.equal(await errorOf(c.system, 'SIOCSIFMTU', bridge, { ifr_mtu: value }), 'EINVAL');
      for (const value of [576, 9000]) await c.run((b) => setInterfaceMtu(b, bridge, value));
    });

    states('the first member gives it its own, others have to have that', async (c) => {
      const [[first], [second], bridge] = [await epair(c), await epair(c), await made(c, 'bridge')];
      await c.run((b) => [setInterfaceMtu(b, first, 9000), addBridgeMember(b, bridge, first)]);
      assert.equal(await mtu(c, bridge), 9000);
      await c.refused('EINVAL', (b) => addBridgeMember(b, bridge, second));
      await c.run((b) => [setInterfaceMtu(b, second, 9000), addBridgeMember(b, bridge, second)]);
    });

    states('it changes only when all members have the new one, which may drift away', async (c) => {
      const [[a], bridge] = [await epair(c), await made(c, 'bridge')];
      await c.run((b) => [setInterfaceMtu(b, a, 9000), addBridgeMember(b, bridge, a)]);
      await c.refused('EINVAL', (b) => setInterfaceMtu(b, bridge, 1500));
      await c.run((b) => setInterfaceMtu(b, a, 1500));
      assert.deepEqual([await mtu(c, a), await mtu(c, bridge)], [1500, 9000]);
      await c.run((b) => setInterfaceMtu(b, bridge, 1500));
      assert.equal(await mtu(c, bridge), 1500);
    });
  },
  { ...on12, ...bridges },
);
