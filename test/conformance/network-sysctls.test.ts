import assert from 'node:assert/strict';
import { isKernelError } from '../../src/kernel/error.js';
import { addIPv4Address, addIPv6Address } from '../../src/kernel/freebsd/address.js';
import { interfaceIndex } from '../../src/kernel/freebsd/interface.js';
import { run, type FreeBSD } from '../../src/kernel/freebsd/run.js';
import { readSysctlInt, writeSysctlInt } from '../../src/kernel/freebsd/sysctl.js';
import { group, on12, type On } from './harness/group.js';
import { listMessages } from './harness/interface-list.js';
import { inside, stack, vnetJail } from './harness/interfaces.js';
import { call } from './harness/raw.js';

const inJail: On = { needs: ['vnet', 'processes', 'epair', 'bridge'] };
const inJailOn12: On = { ...on12, ...inJail };
const forwarding = 'net.inet.ip.forwarding';

group('sysctl names of network stacks', 'observed on 12.1', (states) => {
  states(
    'a fresh stack forwards nothing and takes no advertised routes',
    async (c) => {
      const system = await inside(c, await vnetJail(c));
      const names = {
        [forwarding]: 0,
        'net.inet6.ip6.forwarding': 0,
        'net.inet6.ip6.auto_linklocal': 1,
        'net.inet6.ip6.accept_rtadv': 0,
        'net.inet6.ip6.dad_count': 1,
      };
      const found = await run(system, (b) => Object.keys(names).map((name) => readSysctlInt(b, name)));
      assert.deepEqual(found, Object.values(names));
    },
    inJailOn12,
  );

  for (const name of [forwarding, 'net.link.bridge.pfil_member']) {
    states(
      `root in the jail sets ${name} for its stack alone`,
      async (c) => {
        const before = await c.run((b) => readSysctlInt(b, name));
        const system = await inside(c, await vnetJail(c));
        const own = await run(system, (b) => readSysctlInt(b, name));
        await run(system, (b) => writeSysctlInt(b, name, 1 - own));
        assert.equal(await run(system, (b) => readSysctlInt(b, name)), 1 - own);
        assert.equal(await c.run((b) => readSysctlInt(b, name)), before);
      },
      inJailOn12,
    );
  }

  states(
    "a jail in the host's stack does not set it",
    async (c) => {
      const system = await inside(c, await c.jail());
      const value = await run(system, (b) => readSysctlInt(b, forwarding));
      const setting = run(system, (b) => writeSysctlInt(b, forwarding, value));
      await assert.rejects(setting, (error) => isKernelError(error, 'EPERM'));
    },
    { ...on12, needs: ['processes'] },
  );

  states(
    'values are not checked',
    async (c) => {
      const system = await inside(c, await vnetJail(c));
      await run(system, (b) => writeSysctlInt(b, forwarding, 2));
      assert.equal(await run(system, (b) => readSysctlInt(b, forwarding)), 2);
    },
    inJailOn12,
  );
});

group('NET_RT_IFLIST', 'observed on 12.1', (states) => {
  states(
    'an interface is followed by its addresses',
    async (c) => {
      const { system, name } = await stack(c);
      await run(system, (b) => [
        addIPv4Address(b, name, { address: '10.85.0.2', prefix: 24 }),
        addIPv6Address(b, name, { address: 'fd85::2', prefix: 64 }),
      ]);
      const messages = await listMessages(system, name);
      assert.deepEqual(
        messages.map(({ type, length }) => [type, length]),
        [
          [0xe, 224],
          [0xc, 72],
          [0xc, 88],
          [0xc, 88],
        ],
      );
    },
    inJailOn12,
  );

  /** The list of one interface, into so many bytes. */
  const list = async (system: FreeBSD, index: number, room: number | null) => {
    const { constants: c } = system.bindings;
    const numbers = [c.CTL_NET, c.AF_ROUTE, 0, 0, c.NET_RT_IFLIST, index];
    let size = 0;
    const { error, arena } = await call(system.kernel, 'sysctl', (a) => {
      size = a.scalar('u64', room ?? 0, 'size');
      const buffer = room === null ? 0 : { arena: a.reserve(room) };
      return [{ arena: a.array('i32', numbers, 'mib') }, numbers.length, buffer, { arena: size }, 0, 0];
    });
    return { error, size: Number(new DataView(arena.buffer, arena.byteOffset).getBigUint64(size, true)) };
  };

  states(
    'without a buffer it says how much is needed, with too little ENOMEM',
    async (c) => {
      const { system, name } = await stack(c);
      const index = await run(system, (b) => interfaceIndex(b, name));
      const asked = await list(system, index, null);
      assert.equal(asked.error, '');
      assert.ok(asked.size >= 224);
      assert.equal((await list(system, index, asked.size)).error, '');
      assert.equal((await list(system, index, 4)).error, 'ENOMEM');
    },
    inJailOn12,
  );
});
