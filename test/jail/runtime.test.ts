import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { findJails } from '../../src/jail/jail/find.js';
import { jailRuntime } from '../../src/jail/runtime.js';
import {
  addIPv4Address,
  ipv6Flags,
  removeIPv4Address,
  setIPv6Flags,
} from '../../src/kernel/freebsd/address.js';
import { listInterfaceAddresses } from '../../src/kernel/freebsd/interface-addresses.js';
import { createInterface, interfaceFlags } from '../../src/kernel/freebsd/interface.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { listRules } from '../../src/kernel/freebsd/rctl.js';
import { Metrics } from '../../src/proto/generated/cgroups-v2.js';
import { unpack } from '../../src/proto/any.js';
import type { CreateRequest } from '../../src/runtime/runtime.js';
import { parseProcess } from '../../src/runtime/spec.js';
import { exitProgram } from '../model/execve.js';
import type { Json } from './planning.js';
import { RuntimeWorld } from './runtime-world.js';

const releases = [12, 14, 15] as const;

const limits: Json = {
  linux: { resources: { pids: { limit: 20 }, memory: { limit: 1_000_000 }, cpu: { cpus: '0' } } },
};

/** What the Task service does with the descriptors of a create that failed. */
function release({ stdio }: Pick<CreateRequest, 'stdio'>): void {
  if (!stdio.terminal) stdio.release();
}

describe('the jail runtime', () => {
  for (const version of releases) {
    it(`creates, starts, looks into and removes a container (FreeBSD ${version})`, async () => {
      const world = new RuntimeWorld(version);
      const { system } = world.tools;
      const request = await world.request({ hostname: 'web1', ...limits });
      const container = await world.runtime.create(request);
      const init = world.process(container.init);
      const [jail] = await findJails(system, ['default@web'], ['host.hostname', 'ip4', 'enforce_statfs']);
      assert.deepEqual(jail?.values, { 'host.hostname': 'web1', ip4: 'inherit', enforce_statfs: 1 });
      assert.deepEqual([init.jail.jid, init.executed], [jail.jid, undefined]);
      assert.deepEqual(
        (await listRules(system, 'default@web'))
          .map(({ resource, amount }) => `${resource} ${amount}`)
          .sort(),
        ['maxproc 20', 'memoryuse 1000000', 'nthr 20'],
      );

      await container.start();
      assert.deepEqual(init.executed?.path, '/usr/local/bin/httpd');
      const shell = parseProcess({ cwd: '/', args: ['sh'], user: { username: 'www' } }, 'exec');
      const exec = await container.exec({ execId: 'e', process: shell, stdio: await world.stdio() });
      assert.equal(world.process(exec).credential.uid, 80);
      assert.deepEqual(
        await container.pids(),
        [container.init.pid, exec.pid].sort((a, b) => a - b),
      );
      const stats = unpack(Metrics, await container.stats());
      assert.equal(Number(stats.pids?.current), 2);

      await container.pause();
      assert.equal(init.state, 'stopped');
      await container.resume();
      await container.update({ pids: { limit: 5 } });
      const rules = await listRules(system, 'default@web');
      assert.equal(rules.find(({ resource }) => resource === 'nthr')?.amount, 5n);

      exitProgram(world.process(exec), 3);
      assert.equal((await exec.exited).status, 3);
      await container.signalAll(15);
      assert.equal((await container.init.exited).status, 143);
      await container.remove();
      await container.remove();
      assert.deepEqual(world.left(), []);
      assert.deepEqual([request.journal.entries(), world.warnings, world.reports], [[], [], []]);
      assert.deepEqual(await listRules(system, 'default@web'), []);
    });

    it(`removes a container that runs, with all its processes (FreeBSD ${version})`, async () => {
      const world = new RuntimeWorld(version);
      const container = await world.runtime.create(
        await world.request({ freebsd: { jail: { vnet: 'new' } } }),
      );
      await container.start();
      await container.remove();
      assert.equal((await container.init.exited).status, 137);
      assert.deepEqual(world.left(), []);
    });

    it(`cleans up after a daemon that died, by the journal alone (FreeBSD ${version})`, async () => {
      const world = new RuntimeWorld(version);
      const request = await world.request(limits);
      const container = await world.runtime.create(request);
      await container.start();
      world.daemonDied();
      const next = jailRuntime(world.tools);
      await next.cleanUp(request.key, request.bundle, request.journal);
      await next.cleanUp(request.key, request.bundle, request.journal);
      assert.deepEqual([world.left(), request.journal.entries()], [[], []]);
      assert.deepEqual(await listRules(world.tools.system, 'default@web'), []);
    });
  }

  it('lets members of a pod share its sandbox, and stops each by itself', async () => {
    const world = new RuntimeWorld(14);
    const cri = (type: string): Json => ({
      annotations: { 'io.kubernetes.cri.container-type': type, 'io.kubernetes.cri.sandbox-id': 'web' },
    });
    const sandbox = await world.runtime.create(await world.request(cri('sandbox')));
    const key = { namespace: 'default', id: 'other' };
    const member = await world.runtime.create(await world.request(cri('container'), { key }));
    await sandbox.start();
    await member.start();
    const names = ['default@web', 'default@web.default@other'];
    const [outer, inner] = await findJails(world.tools.system, names, ['children.max', 'ip4', 'sysvshm']);
    assert.equal(outer?.values['children.max'], 1000);
    assert.deepEqual([inner?.values.ip4, inner?.values.sysvshm], ['inherit', 'inherit']);
    assert.deepEqual(await sandbox.pids(), [sandbox.init.pid]);
    assert.deepEqual(await member.pids(), [member.init.pid]);
    await sandbox.pause();
    assert.notEqual(world.process(member.init).state, 'stopped');
    await member.remove();
    await sandbox.remove();
    assert.deepEqual(world.left(), []);
  });

  it('runs hooks in the jail before the program, and fails to start if one fails', async () => {
    const world = new RuntimeWorld(14);
    const hooks = { startContainer: [{ path: '/bin/sh', args: ['sh', 'one'], env: ['A=1'] }] };
    const container = await world.runtime.create(await world.request({ hooks }));
    for (const status of [3, 0]) {
      const starting = container.start().then(
        () => 'started',
        (error: unknown) => (error as Error).message,
      );
      const hook = await world.executed('/bin/sh');
      assert.deepEqual(
        [hook.jail, hook.executed?.argv, hook.executed?.environment, hook.descriptors.numbers()],
        [world.process(container.init).jail, ['/bin/sh', 'one'], ['A=1', 'HOME=/root'], [0, 1, 2]],
      );
      assert.equal(world.process(container.init).executed, undefined);
      exitProgram(hook, status);
      const message = 'hooks.startContainer[0]: /bin/sh exited with status 3';
      assert.equal(await starting, status === 0 ? 'started' : message);
    }
    assert.equal(world.process(container.init).executed?.path, '/usr/local/bin/httpd');
    await container.remove();
    assert.deepEqual([world.left(), world.reports], [[], []]);
  });

  it('says which hook in the jail failed, and what it wrote at last', async () => {
    const world = new RuntimeWorld(14);
    const hooks = {
      startContainer: [
        { path: '/bin/sh', args: ['one'] },
        { path: '/bin/sh', args: ['two'] },
      ],
    };
    const container = await world.runtime.create(await world.request({ hooks }));
    const starting = assert.rejects(container.start(), {
      kind: 'failed',
      message: /^hooks\.startContainer\[1\]: \/bin\/sh exited with status 3: .*x; no such zone$/,
    });
    exitProgram(await world.executed('/bin/sh'), 0);
    const hook = await world.executed('/bin/sh');
    // More than a pipe holds: whoever writes would wait for ever if nobody read.
    const text = Buffer.from(`${'x'.repeat(200)}\nno such zone\n`);
    const noise = Buffer.alloc(60_000, '-');
    for (const bytes of [noise, noise, noise, text]) await world.write(hook, 2, bytes);
    exitProgram(hook, 3);
    await starting;
    await container.remove();
    assert.deepEqual([world.left(), world.reports], [[], []]);
  });

  it('kills a hook in the jail whose time is up', async (t) => {
    const world = new RuntimeWorld(14);
    const hooks = { startContainer: [{ path: '/bin/sh', timeout: 7 }] };
    const container = await world.runtime.create(await world.request({ hooks }));
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const starting = assert.rejects(container.start(), {
      message: 'hooks.startContainer[0]: /bin/sh took more than 7 s: waiting for a lock',
    });
    const hook = await world.executed('/bin/sh');
    await world.write(hook, 2, Buffer.from('waiting for a lock\n'));
    t.mock.timers.tick(6999);
    assert.ok(hook.alive);
    t.mock.timers.tick(1);
    await starting;
    assert.ok(!hook.alive);
    await container.remove();
    assert.deepEqual([world.left(), world.reports], [[], []]);
  });

  it('runs the last hooks when all is removed, whoever does it', async (t) => {
    const out = join(mkdtempSync(join(tmpdir(), 'hooks-')), 'out');
    t.after(() => {
      rmSync(dirname(out), { recursive: true });
    });
    const script = { path: '/bin/sh', args: ['sh', '-c', `cat >> ${out}; echo >> ${out}`] };
    const failing = { path: '/bin/sh', args: ['sh', '-c', 'exit 4'] };
    const hooks = { prestart: [script], poststart: [failing], poststop: [failing, script] };
    for (const died of [false, true]) {
      const world = new RuntimeWorld(14);
      const request = await world.request({ hooks });
      const container = await world.runtime.create(request);
      await container.start();
      await (died ? world.runtime.cleanUp(request.key, request.bundle, request.journal) : container.remove());
      const states = readFileSync(out, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Json);
      assert.deepEqual(
        states.map(({ status, pid }) => [status, pid]),
        [
          ['creating', container.init.pid],
          ['stopped', undefined],
        ],
      );
      rmSync(out);
      assert.deepEqual(world.warnings, [
        'hooks.poststart[0]: /bin/sh exited with status 4',
        'hooks.poststop[0]: /bin/sh exited with status 4',
      ]);
      assert.deepEqual([world.left(), request.journal.entries()], [[], []]);
    }
  });

  it('runs Linux programs where no modules can be loaded any more, if they are there', async () => {
    for (const there of [true, false]) {
      const world = new RuntimeWorld(14, { loadable: ['linux64'] });
      if (there) world.model.system.load('linux64');
      world.model.system.jails.host.secureLevel = 1;
      const request = await world.request({ annotations: { 'containerd-shim-jail.os': 'linux' } });
      const creating = world.runtime.create(request);
      if (there) {
        await (await creating).remove();
      } else {
        await assert.rejects(creating, { kind: 'precondition', message: /linux64.*EPERM/ });
        release(request);
      }
      assert.deepEqual(world.left(), []);
    }
  });

  it('lends interfaces of the host to a jail, and takes them back', async () => {
    const world = new RuntimeWorld(14);
    const { system } = world.tools;
    const name = await run(system, (b) => createInterface(b, 'epair'));
    const before = world.remains();
    for (const died of [false, true]) {
      const request = await world.request({ freebsd: { jail: { vnet: 'new', vnetInterfaces: [name] } } });
      const container = await world.runtime.create(request);
      await assert.rejects(
        run(system, (b) => interfaceFlags(b, name)),
        { code: 'ENXIO' },
      );
      await container.start();
      await (died ? world.runtime.cleanUp(request.key, request.bundle, request.journal) : container.remove());
      await run(system, (b) => interfaceFlags(b, name));
      assert.deepEqual([world.remains().sort(), request.journal.entries()], [[...before].sort(), []]);
    }
    const request = await world.request({ freebsd: { jail: { vnetInterfaces: ['em7'] } } });
    await assert.rejects(world.runtime.create(request), { message: /interface em7: .*ENXIO$/ });
    release(request);
    assert.deepEqual(world.remains().sort(), [...before].sort());
  });

  it('changes limits, takes away those that are to be none, and leaves others alone', async () => {
    const world = new RuntimeWorld(14);
    const { system } = world.tools;
    const annotations = {
      'containerd-shim-jail.rctl': 'nthr:deny=8/process,nthr:log=15,readbps:throttle=1m',
    };
    const resources = {
      pids: { limit: 20 },
      memory: { limit: 1_000_000, swap: 2_000_000 },
      cpu: { quota: 50_000 },
    };
    const request = await world.request({ annotations, linux: { resources } });
    const container = await world.runtime.create(request);
    const rules = async (): Promise<string[]> => {
      return (await listRules(system, 'default@web'))
        .map(({ resource, action, amount, per = 'jail' }) => `${resource}:${action}=${amount}/${per}`)
        .sort();
    };
    const own = ['nthr:deny=8/process', 'nthr:log=15/jail', 'readbps:throttle=1048576/jail'];
    const limited = (...more: string[]): string[] => [...own, ...more].sort();
    const pids = ['maxproc:deny=20/jail', 'nthr:deny=20/jail'];
    const memory = ['memoryuse:deny=1000000/jail', 'swapuse:deny=2000000/jail'];
    const steps: [change: Json, left: string[]][] = [
      [{}, [...pids, ...memory, 'pcpu:deny=50/jail']],
      [
        { pids: { limit: 0 }, memory: { limit: 0 }, cpu: { quota: 0 } },
        [...pids, ...memory, 'pcpu:deny=50/jail'],
      ],
      [{ cpu: { quota: -1 } }, [...pids, ...memory]],
      [{ cpu: { quota: -1 } }, [...pids, ...memory]],
      [
        { memory: { swap: -1 }, pids: { limit: 5 } },
        ['maxproc:deny=5/jail', 'nthr:deny=5/jail', memory[0] ?? ''],
      ],
      [{ memory: { limit: -1 }, pids: { limit: -1 } }, []],
      [{ memory: { limit: 3 } }, ['memoryuse:deny=3/jail']],
    ];
    for (const [change, left] of steps) {
      await container.update(change);
      assert.deepEqual(await rules(), limited(...left), JSON.stringify(change));
    }
    await container.remove();
    assert.deepEqual([world.left(), request.journal.entries(), await rules()], [[], [], []]);
  });

  it('measures processes where no account is kept', async () => {
    const world = new RuntimeWorld(14, { accounting: false });
    const container = await world.runtime.create(await world.request());
    await container.start();
    world.process(container.init).runtime = 2_500n;
    const shell = parseProcess({ cwd: '/', args: ['sh'] }, 'exec');
    const exec = await container.exec({ execId: 'e', process: shell, stdio: await world.stdio() });
    world.process(exec).runtime = 500n;
    const figures = async (): Promise<number[]> => {
      const { pids, cpu, memory } = unpack(Metrics, await container.stats());
      return [pids?.current, cpu?.usageUsec, memory?.usage].map(Number);
    };
    // In the model every process holds a hundred pages.
    assert.deepEqual(await figures(), [2, 3_000, 2 * 409_600]);
    exitProgram(world.process(exec), 0);
    await exec.exited;
    assert.deepEqual(await figures(), [1, 3_000, 409_600]);
    await container.remove();
  });

  it('lifts limits where no account is kept, as there are none', async () => {
    const world = new RuntimeWorld(14, { accounting: false });
    const container = await world.runtime.create(await world.request());
    await container.update({ pids: { limit: -1 } });
    await assert.rejects(container.update({ pids: { limit: 1 } }), {
      message: /^resources\.pids\.limit: .*kern\.racct\.enable=1/,
    });
    await container.remove();
  });

  for (const version of releases) {
    it(`gives addresses of a jail to an interface, and takes them away (FreeBSD ${version})`, async () => {
      const world = new RuntimeWorld(version);
      const { system } = world.tools;
      const name = await run(system, (b) => createInterface(b, 'epair'));
      await run(system, (b) => addIPv4Address(b, name, { address: '10.7.0.1', prefix: 24 }));
      const flags = await run(system, (b) => ipv6Flags(b, name));
      const before = world.remains().sort();
      const of = (jail: Json): Json => ({ freebsd: { jail: { interface: name, ...jail } } });
      const wanted = of({ ip4Addr: ['10.7.0.8', '10.7.0.9'], ip6Addr: ['fd07::8'] });

      await run(system, (b) => setIPv6Flags(b, name, flags | system.bindings.constants.ND6_IFF_IFDISABLED));
      const refused = async (members: Json, message: string): Promise<void> => {
        const request = await world.request(members);
        await assert.rejects(world.runtime.create(request), { kind: 'precondition', message });
        release(request);
        assert.deepEqual([world.remains().sort(), request.journal.entries()], [before, []]);
      };
      await refused(
        wanted,
        `freebsd.jail.interface: ${name} has IPv6 off: ifconfig ${name} inet6 -ifdisabled`,
      );
      await run(system, (b) => setIPv6Flags(b, name, 0));
      await refused(
        of({ ip4Addr: ['10.7.0.8', '10.7.0.1'] }),
        `freebsd.jail.interface: ${name} has 10.7.0.1 already`,
      );

      for (const died of [false, true]) {
        const request = await world.request(wanted);
        const container = await world.runtime.create(request);
        const [jail] = await findJails(system, ['default@web'], ['ip4.addr', 'ip6.addr']);
        assert.deepEqual(jail?.values, { 'ip4.addr': ['10.7.0.8', '10.7.0.9'], 'ip6.addr': ['fd07::8'] });
        const there = (await listInterfaceAddresses(system)).filter((one) => one.interface === name);
        assert.deepEqual(
          there.map(({ address, prefix }) => `${address}/${prefix}`),
          ['10.7.0.1/24', '10.7.0.8/32', '10.7.0.9/32', 'fd07::8/128'],
        );
        // Another container cannot have what would be taken from it when this one goes.
        const other = await world.request(of({ ip4Addr: ['10.7.0.9'] }), {
          key: { namespace: 'default', id: 'other' },
        });
        await assert.rejects(world.runtime.create(other), { message: /has 10\.7\.0\.9 already$/ });
        release(other);
        await container.start();
        if (died) {
          // Somebody has taken one away: it is gone, as it has to be.
          await run(system, (b) => removeIPv4Address(b, name, '10.7.0.8'));
          await world.runtime.cleanUp(request.key, request.bundle, request.journal);
        } else {
          await container.remove();
        }
        assert.deepEqual([world.remains().sort(), request.journal.entries()], [before, []]);
      }
    });
  }

  const refusals: [what: string, members: Json, message: RegExp][] = [
    [
      'a field that cannot be had',
      { linux: { seccomp: { x: 1 } } },
      /^linux\.seccomp: FreeBSD does not filter/,
    ],
    [
      'a program that is not there',
      { process: { cwd: '/', args: ['none'] } },
      /^exec: "none": executable file not found in \$PATH$/,
    ],
    [
      'a user that is not there',
      { process: { cwd: '/', args: ['sh'], user: { username: 'x' } } },
      /^user "x" is no user/,
    ],
    [
      'a parent that is not there',
      { freebsd: { jail: { parent: 'none' } } },
      /^the parent jail default@none or none does not exist$/,
    ],
    [
      'a permission that the kernel lacks',
      { freebsd: { jail: { allow: { mount: ['zfs'] } } } },
      /^allow\.mount\.zfs: this kernel has no such/,
    ],
    [
      'a hook that fails',
      { hooks: { createRuntime: [{ path: '/bin/sh', args: ['sh', '-c', 'echo no >&2; exit 1'] }] } },
      /^hooks\.createRuntime\[0\]: \/bin\/sh exited with status 1: no$/,
    ],
    [
      'a source that is not there',
      { mounts: [{ type: 'bind', source: '/none', destination: '/x' }] },
      /\/none/,
    ],
    [
      'a network that is not there',
      { annotations: { 'containerd-shim-jail.network': 'front' } },
      /^network front: no networks/,
    ],
  ];

  for (const [what, members, message] of refusals) {
    it(`refuses ${what}, and leaves nothing`, async () => {
      const world = new RuntimeWorld(14);
      const request = await world.request(members);
      await assert.rejects(world.runtime.create(request), { message });
      release(request);
      assert.deepEqual([world.left(), request.journal.entries(), world.warnings], [[], [], []]);
    });
  }

  it('refuses limits where no account is kept, saying what to do', async () => {
    const world = new RuntimeWorld(14, { accounting: false });
    const request = await world.request(limits);
    await assert.rejects(world.runtime.create(request), {
      kind: 'precondition',
      message: /^linux\.resources\.memory\.limit: .*kern\.racct\.enable=1 into \/boot\/loader\.conf/,
    });
    release(request);
    assert.deepEqual([world.left(), request.journal.entries()], [[], []]);
  });

  for (const version of [12, 15] as const) {
    it(`leaves nothing on FreeBSD ${version}, whichever call of create fails`, async (t) => {
      let n = 1;
      for (; ; n++) {
        const world = new RuntimeWorld(version);
        const request = await world.request(limits);
        world.model.faults.failNth(n, 'ENOMEM');
        const made = await world.runtime.create(request).catch((error: unknown) => error as Error);
        const { failed } = world.model.faults;
        world.model.faults.failNth(0, '');
        if (made instanceof Error) {
          release(request);
          // What the failed call was part of taking away is for the next time.
          await world.runtime.cleanUp(request.key, request.bundle, request.journal);
        } else {
          await made.remove();
        }
        assert.deepEqual(
          [world.left(), request.journal.entries()],
          [[], []],
          `call ${n}: ${failed ?? 'none'}`,
        );
        if (failed === undefined) break;
      }
      t.diagnostic(`${n} calls`);
      assert.ok(n > 60, `${n} calls`);
    });
  }
});
