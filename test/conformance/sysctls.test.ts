import assert from 'node:assert/strict';
import { readUptime } from '../../src/kernel/freebsd/clock.js';
import {
  findSysctl,
  readBootTime,
  readSysctlInt,
  readSysctlText,
  writeSysctlInt,
} from '../../src/kernel/freebsd/sysctl.js';
import { run } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, type On } from './harness/group.js';
import { codeOf, jailed } from './harness/processes.js';
import { call } from './harness/raw.js';

const processes: On = { needs: ['processes'] };

/** Writes bytes to a sysctl by its name, as they are. */
async function writeRaw(c: Case, name: string, value: Uint8Array): Promise<string> {
  const { CTL_SYSCTL, CTL_SYSCTL_NAME2OID } = c.constants;
  let mib = 0;
  const looked = await call(c.system.kernel, 'sysctl', (a) => {
    mib = a.reserve(96);
    const size = a.scalar('u64', 96, 'size');
    const text = a.textSpan(name, 'name');
    const query = a.array('i32', [CTL_SYSCTL, CTL_SYSCTL_NAME2OID], 'mib');
    return [{ arena: query }, 2, { arena: mib }, { arena: size }, { arena: text.offset }, text.length - 1];
  });
  const numbers = looked.arena.slice(mib, mib + name.split('.').length * 4);
  const { error } = await call(c.system.kernel, 'sysctl', (a) => [
    { arena: a.bytes(numbers) },
    numbers.byteLength / 4,
    ...[0, 0],
    { arena: a.bytes(value) },
    value.byteLength,
  ]);
  return error;
}

group('sysctl(3): names', 'observed on 12.1: S6, S12 to S14', (states) => {
  states('a name that there is not is ENOENT, and too long a one is refused', async (c) => {
    await c.refused('ENOENT', (b) => findSysctl(b, 'kern.no_such_name'));
    await c.refused('ENOENT', (b) => findSysctl(b, 'security.jail.param.allow.mount.no_such_fs'));
  });

  states('parameters of jails that have others below them are there, but EISDIR to read', async (c) => {
    for (const name of ['host', 'ip4', 'ip6', 'sysvmsg', 'allow.mount']) {
      await c.run((b) => findSysctl(b, `security.jail.param.${name}`));
      await c.refused('EISDIR', (b) => readSysctlInt(b, `security.jail.param.${name}`));
    }
  });

  states(
    'kern.racct.enable is read, and not written',
    async (c) => {
      assert.equal(await c.run((b) => readSysctlInt(b, 'kern.racct.enable')), 1);
      await c.refused('EPERM', (b) => writeSysctlInt(b, 'kern.racct.enable', 0));
    },
    { needs: ['accounting'] },
  );

  states(
    'kern.osreldate begins with the release, and kern.boottime is in the past',
    async (c) => {
      const osreldate = await c.run((b) => readSysctlInt(b, 'kern.osreldate'));
      assert.equal(Math.floor(osreldate / 100_000), c.release);
      const booted = await c.run((b) => readBootTime(b));
      assert.ok(booted > 0n && booted < BigInt(Date.now() + 86_400_000) * 1000n);
      assert.equal(await c.run((b) => readSysctlText(b, 'kern.ostype')), 'FreeBSD');
    },
    { fact: 'sysctl(3)' },
  );

  states(
    'hw.pagesize is a power of two',
    async (c) => {
      const size = await c.run((b) => readSysctlInt(b, 'hw.pagesize'));
      assert.ok(size >= 4096 && (size & (size - 1)) === 0, String(size));
    },
    { fact: 'sysctl(3): HW_PAGESIZE' },
  );

  states(
    'the uptime only grows',
    async (c) => {
      const first = await c.run((b) => readUptime(b));
      const second = await c.run((b) => readUptime(b));
      assert.ok(first > 0n && second >= first);
    },
    { fact: 'clock_gettime(2)' },
  );

  states(
    'text that does not fit is ENOMEM',
    async (c) => {
      await c.refused('ENOMEM', (b) => readSysctlText(b, 'kern.ostype', 4));
    },
    { fact: 'sysctl(3)' },
  );
});

group('sysctl(3): values', 'observed on 12.1: S8, S10, S16', (states) => {
  const name = 'net.inet.ip.forwarding';

  states('less than an int is EINVAL, of more the first four bytes count', async (c) => {
    const now = await c.run((b) => readSysctlInt(b, name));
    const value = new Uint8Array(8);
    new DataView(value.buffer).setInt32(0, now, true);
    assert.deepEqual(
      [await writeRaw(c, name, value.slice(0, 1)), await writeRaw(c, name, value)],
      ['EINVAL', ''],
    );
    assert.equal(await c.run((b) => readSysctlInt(b, name)), now);
  });

  states(
    'kern.hostid of a jail is its own',
    async (c) => {
      const before = await c.run((b) => readSysctlInt(b, 'kern.hostid'));
      const { system } = await jailed(c, await c.jail());
      await run(system, (b) => writeSysctlInt(b, 'kern.hostid', 4711));
      assert.equal(await run(system, (b) => readSysctlInt(b, 'kern.hostid')), 4711);
      assert.equal(await c.run((b) => readSysctlInt(b, 'kern.hostid')), before);
    },
    processes,
  );

  states(
    'security.jail.jailed and vnet tell where one is',
    async (c) => {
      const names = ['security.jail.jailed', 'security.jail.vnet'];
      const { system } = await jailed(c, await c.jail({ vnet: 'new' }));
      assert.deepEqual(await run(system, (b) => names.map((each) => readSysctlInt(b, each))), [1, 1]);
      assert.deepEqual(await c.run((b) => names.map((each) => readSysctlInt(b, each))), [0, 0]);
    },
    { needs: ['processes', 'vnet'] },
  );

  states(
    'root in a jail does not set what is the whole kernel’s',
    async (c) => {
      const { system } = await jailed(c, await c.jail());
      const writing = run(system, (b) => writeSysctlInt(b, 'vfs.usermount', 0));
      assert.equal(await codeOf(writing), 'EPERM');
    },
    { ...processes, fact: 'sysctl(9): CTLFLAG_PRISON' },
  );
});
