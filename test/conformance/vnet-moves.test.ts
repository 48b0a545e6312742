import assert from 'node:assert/strict';
import { addIPv4Address, addIPv6Address } from '../../src/kernel/freebsd/address.js';
import { addBridgeMember, bridgeMembers } from '../../src/kernel/freebsd/bridge.js';
import { addToGroup, groupMembers } from '../../src/kernel/freebsd/interface-group.js';
import {
  createInterface,
  destroyInterface,
  interfaceDescription,
  interfaceFlags,
  interfaceMtu,
  lendInterface,
  reclaimInterface,
  renameInterface,
  setInterfaceAddress,
  setInterfaceDescription,
  setInterfaceFlags,
  setInterfaceMtu,
} from '../../src/kernel/freebsd/interface.js';
import { attachJail, removeJail } from '../../src/kernel/freebsd/jail.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, on12, type On } from './harness/group.js';
import { linkAddress } from './harness/interface-list.js';
import { destroyLater, epair, errorOf, inside, interfaces, made, vnetJail } from './harness/interfaces.js';
import { call } from './harness/raw.js';

const moved: On = { needs: ['vnet', 'epair', 'bridge'] };

group(
  'SIOCSIFVNET, SIOCSIFRVNET',
  'observed on 12.1',
  (states) => {
    states(
      'a fresh stack has a loopback that is down',
      async (c) => {
        const system = await inside(c, await vnetJail(c));
        const names = await interfaces(system);
        assert.ok(names.includes('lo0'));
        assert.deepEqual(
          names.filter((name) => /^(epair|bridge|tap|vtnet|em)/.test(name)),
          [],
        );
        assert.equal(await run(system, (b) => interfaceFlags(b, 'lo0')), 0x8008);
      },
      { needs: ['processes'] },
    );

    states('an interface goes to a jail and comes back', async (c) => {
      const [a, b] = await epair(c);
      const jid = await vnetJail(c);
      await c.run((builder) => lendInterface(builder, b, jid));
      assert.equal(await errorOf(c.system, 'SIOCGIFFLAGS', b), 'ENXIO');
      await c.refused('ENXIO', (builder) => lendInterface(builder, b, jid));
      await c.run((builder) => reclaimInterface(builder, b, jid));
      await c.refused('ENXIO', (builder) => reclaimInterface(builder, b, jid));
      assert.deepEqual(
        await c.run((builder) => [interfaceFlags(builder, a), interfaceFlags(builder, b)]),
        [0x8842, 0x8842],
      );
    });

    states('a jail that is not there is ENXIO, one without a stack of its own EEXIST', async (c) => {
      const [a] = await epair(c);
      for (const jid of [2_147_000_000, 0, -1]) {
        assert.equal(await errorOf(c.system, 'SIOCSIFVNET', a, { ifr_jid: jid }), 'ENXIO');
      }
      const plain = await c.jail();
      await c.refused('EEXIST', (b) => lendInterface(b, a, plain));
      await c.refused('EEXIST', (b) => reclaimInterface(b, a, plain));
      await c.refused('ENXIO', (b) => reclaimInterface(b, a, 2_147_000_000));
    });

    states('a name that the jail has is EEXIST, and nothing moves', async (c) => {
      const [[, first], [, second]] = [await epair(c), await epair(c)];
      const jid = await vnetJail(c);
      const name = c.name('d').slice(0, 15);
      await c.run((b) => [
        renameInterface(b, first, name),
        lendInterface(b, name, jid),
        renameInterface(b, second, name),
      ]);
      await c.refused('EEXIST', (b) => lendInterface(b, name, jid));
      assert.equal(await c.run((b) => interfaceFlags(b, name)), 0x8842);
      await c.refused('EEXIST', (b) => lendInterface(b, 'lo0', jid));
      await c.run((b) => [renameInterface(b, name, second), reclaimInterface(b, name, jid)]);
    });

    states(
      'coming back, a name is not compared with those that are there',
      async (c) => {
        const [[, first], [, second]] = [await epair(c), await epair(c)];
        const jid = await vnetJail(c);
        const name = c.name('d').slice(0, 15);
        await c.run((b) => [renameInterface(b, first, name), lendInterface(b, name, jid)]);
        await c.run((b) => [renameInterface(b, second, name), reclaimInterface(b, name, jid)]);
        assert.equal((await interfaces(c.system)).filter((each) => each === name).length, 2);
      },
      on12,
    );

    states(
      'it is taken back by the name that it has there',
      async (c) => {
        const [, b] = await epair(c);
        const jid = await vnetJail(c);
        const name = c.name('e').slice(0, 15);
        await c.run((builder) => lendInterface(builder, b, jid));
        const system = await inside(c, jid);
        await run(system, (builder) => renameInterface(builder, b, name));
        await c.refused('ENXIO', (builder) => reclaimInterface(builder, b, jid));
        await c.run((builder) => reclaimInterface(builder, name, jid));
        assert.equal(await c.run((builder) => interfaceFlags(builder, name)), 0x8842);
      },
      { needs: ['processes'] },
    );

    states('loopbacks and bridges move too, and their number stays taken', async (c) => {
      const jid = await vnetJail(c);
      for (const kind of ['lo', 'bridge']) {
        const name = await made(c, kind);
        await c.run((b) => lendInterface(b, name, jid));
        assert.equal(await errorOf(c.system, 'SIOCIFCREATE2', name), 'EEXIST');
        await c.run((b) => reclaimInterface(b, name, jid));
      }
    });

    states(
      'addresses, bridge, groups and being up are lost, all else is kept',
      async (c) => {
        const [, b] = await epair(c);
        const [bridge, jid] = [await made(c, 'bridge'), await vnetJail(c)];
        await c.run((builder) => [
          setInterfaceMtu(builder, b, 1400),
          setInterfaceDescription(builder, b, 'kept'),
          addBridgeMember(builder, bridge, b),
          addToGroup(builder, b, 'conformance'),
          addIPv4Address(builder, b, { address: '10.85.0.2', prefix: 24 }),
          addIPv6Address(builder, b, { address: 'fd85::2', prefix: 64 }),
          setInterfaceFlags(builder, b, 1),
        ]);
        assert.equal(await c.run((builder) => interfaceFlags(builder, b)), 0x8943);
        await c.run((builder) => lendInterface(builder, b, jid));
        assert.deepEqual(await c.run((builder) => bridgeMembers(builder, bridge)), []);
        const system = await inside(c, jid);
        assert.deepEqual(
          await run(system, (builder) => [
            interfaceFlags(builder, b),
            interfaceMtu(builder, b),
            interfaceDescription(builder, b),
          ]),
          [0x8942, 1400, 'kept'],
        );
        assert.equal(await errorOf(system, 'SIOCGIFADDR', b, {}, 'AF_INET'), 'EADDRNOTAVAIL');
        assert.deepEqual(await run(system, (builder) => groupMembers(builder, 'epair')), [b]);
        await c.refused('ENOENT', (builder) => groupMembers(builder, 'conformance'));
        await c.run((builder) => reclaimInterface(builder, b, jid));
        assert.ok(!(await c.run((builder) => groupMembers(builder, 'epair'))).includes(b));
      },
      { ...on12, needs: ['processes'] },
    );

    states(
      'numbers are counted in each stack: the same names may be in two',
      async (c) => {
        const jid = await vnetJail(c);
        const system = await inside(c, jid);
        assert.equal(await run(system, (b) => createInterface(b, 'epair')), 'epair0a');
        assert.equal(await run(system, (b) => createInterface(b, 'bridge')), 'bridge0');
        await run(system, (b) => [destroyInterface(b, 'epair0a'), destroyInterface(b, 'bridge0')]);
      },
      { ...on12, needs: ['processes'] },
    );

    states(
      'a jail cannot destroy what the host made, the host destroys it wherever it is',
      async (c) => {
        const [a, b] = await epair(c);
        const jid = await vnetJail(c);
        await c.run((builder) => lendInterface(builder, b, jid));
        const system = await inside(c, jid);
        assert.equal(await errorOf(system, 'SIOCIFDESTROY', b), 'ENXIO');
        await c.run((builder) => destroyInterface(builder, a));
        assert.equal(await errorOf(system, 'SIOCGIFFLAGS', b), 'ENXIO');
      },
      { ...on12, needs: ['processes'] },
    );

    states(
      'loopbacks and bridges that the host made it cannot destroy either',
      async (c) => {
        const jid = await vnetJail(c);
        const system = await inside(c, jid);
        for (const kind of ['lo', 'bridge']) {
          const name = await made(c, kind);
          await c.run((b) => lendInterface(b, name, jid));
          assert.equal(await errorOf(system, 'SIOCIFDESTROY', name), 'ENXIO');
          await c.run((b) => reclaimInterface(b, name, jid));
        }
      },
      { ...on12, needs: ['processes'] },
    );

    states(
      'a jail makes and changes interfaces of its own',
      async (c) => {
        const system = await inside(c, await vnetJail(c));
        const name = await made(c, 'bridge', system);
        await run(system, (b) => [
          setInterfaceMtu(b, name, 1400),
          setInterfaceAddress(b, name, '02:00:00:00:00:01'),
          setInterfaceFlags(b, name, 1),
        ]);
        assert.equal(await errorOf(c.system, 'SIOCGIFFLAGS', name), 'ENXIO');
      },
      { needs: ['processes'] },
    );

    states(
      'a name that is taken costs a number for good',
      async (c) => {
        const system = await inside(c, await vnetJail(c));
        const other = await made(c, 'lo', system);
        await run(system, (b) => renameInterface(b, other, 'epair3a'));
        destroyLater(c, 'epair3a', system);
        assert.equal(await errorOf(system, 'SIOCIFCREATE2', 'epair3'), 'EEXIST');
        await run(system, (b) => renameInterface(b, 'epair3a', other));
        assert.equal(await errorOf(system, 'SIOCIFCREATE2', 'epair3'), 'EEXIST');
      },
      { ...on12, needs: ['processes'] },
    );

    states(
      'its Ethernet address moves with it',
      async (c) => {
        const [, b] = await epair(c);
        const jid = await vnetJail(c);
        await c.run((builder) => [
          setInterfaceAddress(builder, b, '02:00:00:00:00:03'),
          lendInterface(builder, b, jid),
        ]);
        const system = await inside(c, jid);
        assert.equal(await linkAddress(system, b), '020000000003');
      },
      { needs: ['processes'] },
    );

    states(
      'no Ethernet address is given twice, also after moves',
      async (c) => {
        const jid = await vnetJail(c);
        const found: string[] = [];
        for (let index = 0; index < 6; index++) {
          const [a, b] = await epair(c);
          found.push(await linkAddress(c.system, a));
          await c.run((builder) => lendInterface(builder, b, jid));
          if (index % 2 === 0) await c.run((builder) => destroyInterface(builder, a));
        }
        for (let index = 0; index < 4; index++) found.push(await linkAddress(c.system, (await epair(c))[0]));
        assert.equal(new Set(found).size, 10, found.join(' '));
      },
      on12,
    );

    states(
      'a jail cannot give an interface away',
      async (c) => {
        const [, b] = await epair(c);
        const [jid, other] = [await vnetJail(c), await vnetJail(c)];
        await c.run((builder) => lendInterface(builder, b, jid));
        const system = await inside(c, jid);
        for (const target of [0, other])
          assert.equal(await errorOf(system, 'SIOCSIFVNET', b, { ifr_jid: target }), 'ENXIO');
        await c.run((builder) => reclaimInterface(builder, b, jid));
      },
      { needs: ['processes'] },
    );

    states(
      "a jail without a stack of its own sees the host's interfaces and changes none",
      async (c) => {
        const system = await inside(c, await c.jail());
        assert.equal(await errorOf(system, 'SIOCGIFFLAGS', 'lo0'), '');
        assert.equal(await errorOf(system, 'SIOCIFCREATE2', 'epair'), 'EPERM');
        assert.equal(await errorOf(system, 'SIOCSIFFLAGS', 'lo0', { ifr_flags: 1 }), 'EPERM');
      },
      { ...on12, needs: ['processes'] },
    );

    states(
      'a socket stays in the stack that it was made in',
      async (c) => {
        const child = await c.child();
        const { AF_LOCAL, SOCK_DGRAM, SIOCGIFFLAGS } = c.constants;
        const [a] = await epair(c);
        const flags = async (): Promise<string> => {
          const socket = await call(child, 'socket', () => [AF_LOCAL, SOCK_DGRAM, 0]);
          return requestThrough(c, child, socket.value, SIOCGIFFLAGS, a);
        };
        const { value } = await call(child, 'socket', () => [AF_LOCAL, SOCK_DGRAM, 0]);
        const jid = await vnetJail(c);
        await run({ kernel: child, bindings: c.system.bindings }, (b) => attachJail(b, jid));
        assert.equal(await requestThrough(c, child, value, SIOCGIFFLAGS, a), '');
        assert.equal(await flags(), 'ENXIO');
        child.close();
        await c.collect(child.pid);
      },
      { needs: ['processes'] },
    );
  },
  moved,
);

/** A request with an interface's name through a socket that is there. */
async function requestThrough(
  c: Case,
  kernel: Parameters<typeof call>[0],
  socket: number,
  request: number,
  name: string,
): Promise<string> {
  const { ifreq } = c.system.bindings.layouts;
  const { error } = await call(kernel, 'ioctl', (a) => [
    socket,
    request,
    { arena: a.struct(ifreq, { ifr_name: name }) },
  ]);
  return error;
}

group(
  'interfaces when a jail ends',
  'observed on 12.1',
  (states) => {
    states(
      'they come home when it is gone, without addresses and down',
      async (c) => {
        const [, b] = await epair(c);
        const jid = await vnetJail(c);
        await c.run((builder) => lendInterface(builder, b, jid));
        await c.removeJail(jid);
        assert.equal(await c.run((builder) => interfaceFlags(builder, b)), 0x8842);
        assert.equal(await errorOf(c.system, 'SIOCGIFADDR', b, {}, 'AF_INET'), 'EADDRNOTAVAIL');
        await c.run((builder) => destroyInterface(builder, b));
      },
      on12,
    );

    states('with the names that they had there', async (c) => {
      const [, b] = await epair(c);
      const jid = await vnetJail(c);
      const name = c.name('e').slice(0, 15);
      await c.run((builder) => [renameInterface(builder, b, name), lendInterface(builder, name, jid)]);
      await c.removeJail(jid);
      assert.equal(await c.run((builder) => interfaceFlags(builder, name)), 0x8842);
    });

    states('once their other half is destroyed nothing comes back', async (c) => {
      const [a, b] = await epair(c);
      const jid = await vnetJail(c);
      await c.run((builder) => [
        lendInterface(builder, b, jid),
        destroyInterface(builder, a),
        removeJail(builder, jid),
      ]);
      await c.gone({ jid });
      assert.equal(await errorOf(c.system, 'SIOCGIFFLAGS', b), 'ENXIO');
    });

    states('reclaiming them before is safe too', async (c) => {
      const [a, b] = await epair(c);
      const jid = await vnetJail(c);
      await c.run((builder) => lendInterface(builder, b, jid));
      await c.run((builder) => [
        reclaimInterface(builder, b, jid),
        removeJail(builder, jid),
        destroyInterface(builder, a),
      ]);
      await c.gone({ jid });
    });

    states(
      'what was made in the jail is gone with it, also where it was taken',
      async (c) => {
        const jid = await vnetJail(c);
        const system = await inside(c, jid);
        const name = c.name('p').slice(0, 15);
        await run(system, (b) => [createInterface(b, 'epair')]);
        await run(system, (b) => renameInterface(b, 'epair0a', name));
        await c.run((b) => reclaimInterface(b, name, jid));
        assert.equal(await errorOf(c.system, 'SIOCIFDESTROY', name), 'ENXIO');
        await system.leave();
        await c.removeJail(jid);
        assert.equal(await errorOf(c.system, 'SIOCGIFFLAGS', name), 'ENXIO');
      },
      { ...on12, needs: ['processes'] },
    );

    states(
      'what was made in the jail is destroyed there, whole',
      async (c) => {
        const jid = await vnetJail(c);
        const system = await inside(c, jid);
        const name = c.name('p').slice(0, 15);
        await run(system, (b) => [createInterface(b, 'epair'), renameInterface(b, 'epair0a', name)]);
        await c.run((b) => reclaimInterface(b, name, jid));
        await run(system, (b) => destroyInterface(b, 'epair0b'));
        assert.equal(await errorOf(c.system, 'SIOCGIFFLAGS', name), 'ENXIO');
      },
      { ...on12, needs: ['processes'] },
    );

    states('loopbacks and bridges come home too', async (c) => {
      const jid = await vnetJail(c);
      const names = [await made(c, 'lo'), await made(c, 'bridge')];
      await c.run((b) => names.map((name) => lendInterface(b, name, jid)));
      await c.removeJail(jid);
      await c.run((b) => names.map((name) => destroyInterface(b, name)));
    });

    states(
      'a name is not compared with those that are there',
      async (c) => {
        const [[, first], [, second]] = [await epair(c), await epair(c)];
        const jid = await vnetJail(c);
        const name = c.name('d').slice(0, 15);
        await c.run((b) => [
          renameInterface(b, first, name),
          lendInterface(b, name, jid),
          renameInterface(b, second, name),
        ]);
        await c.removeJail(jid);
        assert.equal((await interfaces(c.system)).filter((each) => each === name).length, 2);
      },
      on12,
    );

    states(
      'one half comes home, and is destroyed with the other in another jail',
      async (c) => {
        const [a, b] = await epair(c);
        const [jid, other] = [await vnetJail(c), await vnetJail(c)];
        await c.run((builder) => [lendInterface(builder, a, jid), lendInterface(builder, b, other)]);
        const system = await inside(c, other);
        await c.removeJail(jid);
        await c.run((builder) => destroyInterface(builder, a));
        assert.equal(await errorOf(system, 'SIOCGIFFLAGS', b), 'ENXIO');
      },
      { ...on12, needs: ['processes'] },
    );

    states(
      'a dying jail that is held keeps them, and gives and takes others',
      async (c) => {
        const [, b] = await epair(c);
        const jid = await vnetJail(c);
        const child = await c.child();
        await run({ kernel: child, bindings: c.system.bindings }, (builder) => attachJail(builder, jid));
        await c.run((builder) => lendInterface(builder, b, jid));
        await c.run((builder) => removeJail(builder, jid));
        assert.equal(await c.exists({ jid }), true);
        await c.run((builder) => reclaimInterface(builder, b, jid));
        await c.run((builder) => lendInterface(builder, b, jid));
        await c.collect(child.pid);
        await c.gone({ jid });
        assert.equal(await c.run((builder) => interfaceFlags(builder, b)), 0x8842);
      },
      { ...on12, needs: ['processes'] },
    );
  },
  moved,
);
