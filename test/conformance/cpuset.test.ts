import assert from 'node:assert/strict';
import {
  cpuMaskSize,
  joinCpuset,
  makeCpuset,
  readCpus,
  readCpusetId,
  setCpus,
  type CpuOwner,
} from '../../src/kernel/freebsd/cpuset.js';
import { getJail } from '../../src/kernel/freebsd/jail.js';
import { run, type FreeBSD } from '../../src/kernel/freebsd/run.js';
import type { Case } from './harness/case.js';
import { group, type On } from './harness/group.js';
import { codeOf, jailed, member, type Member } from './harness/processes.js';
import { call } from './harness/raw.js';

const cpusOf = async (c: Case, owner: CpuOwner, system: FreeBSD = c.system): Promise<number[]> => {
  const size = await cpuMaskSize(c.system);
  return run(system, (b) => readCpus(b, owner, size));
};

const bind = async (c: Case, owner: CpuOwner, cpus: readonly number[], by = c.system): Promise<string> => {
  const size = await cpuMaskSize(c.system);
  return codeOf(run(by, (b) => setCpus(b, owner, cpus, size)));
};

/** A mask as it is, for one jail or process. */
async function raw(
  c: Case,
  symbol: 'cpuset_getaffinity' | 'cpuset_setaffinity',
  jid: number,
  size: number,
  bits: readonly number[] = [],
): Promise<string> {
  const { CPU_LEVEL_WHICH, CPU_WHICH_JAIL } = c.constants;
  const { error } = await call(c.system.kernel, symbol, (a) => {
    const mask = new Uint8Array(256);
    for (const bit of bits) mask[bit >> 3] = 1 << (bit & 7);
    return [CPU_LEVEL_WHICH, CPU_WHICH_JAIL, jid, size, { arena: a.bytes(mask) }];
  });
  return error;
}

/** All processors that there are. */
const all = async (c: Case, by: Member): Promise<number[]> => cpusOf(c, { pid: by.pid });

const processes: On = { needs: ['processes'] };

group(
  'cpuset(2): processors of jails',
  'cpuset(2) and jail(8); kern_cpuset.c of 14',
  (states) => {
    states('a jail begins with the processors of the host, in a set of its own', async (c) => {
      const host = await member(c);
      const jid = await c.jail();
      assert.deepEqual(await cpusOf(c, { jid }), await all(c, host));
      const sets = await c.run((b) => [readCpusetId(b, { jid }), readCpusetId(b, { pid: host.pid })]);
      assert.notEqual(sets[0], sets[1]);
      const { values } = await c.run((b) => getJail(b, { jid }, ['cpuset.id']));
      assert.equal(values['cpuset.id'], sets[0]);
    });

    states('what a jail is bound to its processes are, those that come later too', async (c) => {
      const jid = await c.jail();
      const before = await jailed(c, jid);
      const [first = 0] = await cpusOf(c, { jid });
      assert.equal(await bind(c, { jid }, [first]), '');
      assert.deepEqual(await cpusOf(c, { jid }), [first]);
      for (const { pid } of [before, await jailed(c, jid)])
        assert.deepEqual(await cpusOf(c, { pid }), [first]);
    });

    states('a process alone can be bound as well', async (c) => {
      const one = await jailed(c, await c.jail());
      const [first = 0, ...more] = await all(c, one);
      assert.equal(await bind(c, { pid: one.pid }, [first]), '');
      assert.deepEqual(await all(c, one), [first]);
      assert.equal(await bind(c, { pid: one.pid }, [first, ...more]), '');
    });

    states('a process can have a set of its own, and others move to it', async (c) => {
      const [one, other] = [await member(c), await member(c)];
      const made = await run(one.system, (b) => makeCpuset(b));
      assert.equal(await c.run((b) => readCpusetId(b, { pid: one.pid })), made);
      await c.run((b) => joinCpuset(b, other.pid, made));
      assert.equal(await c.run((b) => readCpusetId(b, { pid: other.pid })), made);
    });

    states('a jail that is not there is ESRCH', async (c) => {
      const jid = await c.jail();
      await c.removeJail(jid);
      assert.equal(await bind(c, { jid }, [0]), 'ESRCH');
      assert.equal(await codeOf(cpusOf(c, { jid })), 'ESRCH');
    });

    states('what the host has not is EINVAL, and nothing at all EDEADLK', async (c) => {
      const jid = await c.jail();
      const size = await cpuMaskSize(c.system);
      const beyond = size * 8 - 1;
      assert.ok(!(await cpusOf(c, { jid })).includes(beyond), `a machine with processor ${beyond}`);
      assert.equal(await bind(c, { jid }, [beyond]), 'EINVAL');
      assert.equal(await raw(c, 'cpuset_setaffinity', jid, size), 'EDEADLK');
    });

    states('a jail is not bound from inside', async (c) => {
      const jid = await c.jail();
      const { system, pid } = await jailed(c, jid);
      const [first = 0] = await cpusOf(c, { jid });
      const { CPU_LEVEL_WHICH, CPU_WHICH_JAIL } = c.constants;
      const size = await cpuMaskSize(c.system);
      const { error } = await call(system.kernel, 'cpuset_setaffinity', (a) => {
        const mask = new Uint8Array(size);
        mask[first >> 3] = 1 << (first & 7);
        return [CPU_LEVEL_WHICH, CPU_WHICH_JAIL, -1, size, { arena: a.bytes(mask) }];
      });
      assert.equal(error, 'EPERM');
      assert.equal(await bind(c, { pid }, [first], system), '');
    });
  },
  processes,
);

group('cpuset(2): the size of masks', 'kern_cpuset.c of 13.0', (states) => {
  states(
    'less than the kernel has, or more than 128 bytes, is ERANGE',
    async (c) => {
      const jid = await c.jail();
      const size = await cpuMaskSize(c.system);
      for (const symbol of ['cpuset_getaffinity', 'cpuset_setaffinity'] as const) {
        for (const wrong of [0, size - 8, 136]) {
          assert.equal(await raw(c, symbol, jid, wrong, [0]), 'ERANGE', `${symbol} ${wrong}`);
        }
      }
    },
    { releases: [12, 13] },
  );

  states('what kern.sched.cpusetsize says is taken', async (c) => {
    const jid = await c.jail();
    assert.equal(await raw(c, 'cpuset_getaffinity', jid, await cpuMaskSize(c.system)), '');
  });
});
