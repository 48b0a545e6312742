import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { Arena } from '../../../src/kernel/arena.js';
import { AgentError, AgentGone } from '../../../src/kernel/agent.js';
import { spawnAgent, type SpawnedAgent } from '../../../src/kernel/agent/start.js';
import { decodeStatus } from '../../../src/kernel/linux/process.js';
import { openDescriptors } from '../descriptors.js';
import { notLinux, notRootOnLinux } from '../kernels.js';
import { busybox, execve, make, noBusybox, plainCall } from './launch.js';
import { compileAgent, noCompiler } from './programs.js';

const limits = { milliseconds: 20_000, outputLimit: 65_536 };

describe('children of a spawned agent', { skip: notLinux || noCompiler || noBusybox }, () => {
  let path = '';
  let remove = (): void => undefined;
  let spawned: SpawnedAgent;
  before(async () => {
    ({ path, remove } = compileAgent('sanitized'));
    spawned = await spawnAgent({ path, stdio: ['ignore', 'inherit', 'inherit'] });
  });
  after(async () => {
    const exited = once(spawned.child, 'exit');
    spawned.agent.close();
    assert.deepEqual(await exited, [0, null]);
    remove();
  });

  function sh(script: string, more: Partial<typeof limits> = {}) {
    return spawned.agent.runChild(execve(busybox, ['sh', '-c', script], ['NAME=value']), {
      ...limits,
      ...more,
    });
  }

  it('run a program to its end, and bring what it wrote', async () => {
    const ran = await sh('echo out $NAME; echo err >&2; read line || echo no input; exit 6');
    assert.equal(ran.output.toString(), 'out value\nerr\nno input\n');
    assert.deepEqual(decodeStatus(ran.status), { code: 6, signal: null });
    assert.deepEqual([ran.timedOut, ran.outputCut], [false, false]);
    assert.deepEqual(ran.answer.results, []);
    assert.ok(ran.pid > 0);
  });

  it('tell the signal that ended them', async () => {
    assert.deepEqual(decodeStatus((await sh('kill -15 $$')).status), { code: null, signal: 15 });
  });

  it('are killed when they take too long', async () => {
    const ran = await sh('echo begun; read line < /dev/zero', { milliseconds: 200 });
    assert.deepEqual(decodeStatus(ran.status), { code: null, signal: 9 });
    assert.ok(ran.timedOut);
    assert.equal(ran.output.toString(), 'begun\n');
  });

  it('write more than is wanted, and are not held up by it', async () => {
    const ran = await sh('head -c 3000000 /dev/zero; exit 1', { outputLimit: 1000 });
    assert.deepEqual(decodeStatus(ran.status), { code: 1, signal: null });
    assert.ok(ran.outputCut);
    assert.deepEqual(ran.output, Buffer.alloc(1000));
    const none = await sh('echo', { outputLimit: 0 });
    assert.deepEqual([none.output.byteLength, none.outputCut], [0, true]);
  });

  it('end, though one of theirs goes on and holds the output', async () => {
    const ran = await sh('(echo late; exec sleep 1000) & echo $!');
    assert.deepEqual(decodeStatus(ran.status), { code: 0, signal: null });
    const pid = Number(/^\d+$/m.exec(ran.output.toString())?.[0]);
    process.kill(pid, 'SIGKILL');
  });

  it('bring the results of a batch that becomes nothing, and its arena', async () => {
    const good = await spawned.agent.runChild(plainCall('getpid'), limits);
    assert.deepEqual(good.answer.results, [{ value: BigInt(good.pid), errno: 0 }]);
    assert.deepEqual(decodeStatus(good.status), { code: 0, signal: null });
    assert.notEqual(good.pid, spawned.agent.pid);

    const batch = execve('/no/such/program', ['x']);
    const bad = await spawned.agent.runChild(batch, limits);
    assert.deepEqual(bad.answer.results, [{ value: -1n, errno: 2 }]);
    assert.equal(bad.answer.arena.byteLength, batch.arena.byteLength);
    assert.deepEqual(decodeStatus(bad.status), { code: 127, signal: null });
  });

  it('leave the agent as it was', async () => {
    const before = openDescriptors(spawned.agent.pid);
    for (let round = 0; round < 20; round++) await sh('cd /; ulimit -n 20');
    assert.deepEqual(openDescriptors(spawned.agent.pid), before);
    const noChild = plainCall('wait4', -1, 0, 0, 0);
    assert.deepEqual((await spawned.agent.run(noChild)).results, [{ value: -1n, errno: 10 }]);
  });

  it('do not get the connection', async () => {
    const { output } = await sh('ls -l /proc/self/fd');
    assert.doesNotMatch(output.toString(), /socket:/);
    const written = plainCall('write', 3, 0, 0);
    assert.equal((await spawned.agent.runChild(written, limits)).answer.results[0]?.errno, 9);
  });

  it('refuse limits that are none', async () => {
    await assert.rejects(sh('', { outputLimit: 2 ** 20 + 1 }), AgentError);
    await assert.rejects(sh('', { outputLimit: -1 }), RangeError);
    await assert.rejects(sh('', { milliseconds: 1.5 }), RangeError);
    await assert.rejects(sh('', { milliseconds: 2 ** 32 }), RangeError);
  });

  it('are agents on connections that they were given before', async () => {
    const before = openDescriptors();
    const { agent, child } = await spawnAgent({ path, stdio: ['ignore', 'inherit', 'inherit'], children: 2 });
    const first = await agent.fork();
    const second = await agent.fork();
    for (const each of [agent, first, second]) {
      const { results } = await each.run(plainCall('getpid'));
      assert.equal(results[0]?.value, BigInt(each.pid));
    }
    await assert.rejects(agent.fork(), {
      name: 'AgentError',
      code: 4,
      message: /no spare connection is left/,
    });
    await assert.rejects(first.fork(), { name: 'AgentError', code: 4 });
    await first.become(execve(busybox, ['true']), busybox);
    second.close();
    for (const pid of [first.pid, second.pid]) {
      assert.equal((await make(agent, plainCall('wait4', pid, 0, 0, 0))).results[0]?.value, BigInt(pid));
    }
    const exited = once(child, 'exit');
    agent.close();
    await exited;
    await Promise.all([agent.ended, first.ended, second.ended]);
    assert.deepEqual(openDescriptors(), before);
  });
});

describe('an agent whose user may have no more processes', { skip: notRootOnLinux || noCompiler }, () => {
  // RLIMIT_NPROC of Linux, and a user whom nobody is
  const [rlimitProcesses, nobodyElse] = [6, 54_321];

  it('says which call failed and why, and goes on', async () => {
    const { path, remove } = compileAgent('hosted');
    const { agent, child } = await spawnAgent({ path, stdio: ['ignore', 'inherit', 'inherit'], children: 1 });
    const arena = new Arena();
    const one = arena.array('u64', [1n, 1n], 'limit');
    const setrlimit = { symbol: 'setrlimit', args: [rlimitProcesses, { arena: one }] };
    await make(agent, arena.batch([setrlimit, { symbol: 'setuid', args: [nobodyElse] }]));
    await assert.rejects(agent.fork(), {
      name: 'KernelError',
      message: `fork: agent ${agent.pid}: EAGAIN`,
    });
    const running = agent.runChild(plainCall('getpid'), limits);
    await assert.rejects(running, { name: 'KernelError', call: 'fork', code: 'EAGAIN' });
    assert.equal((await make(agent, plainCall('getpid'))).results[0]?.value, BigInt(agent.pid));
    const exited = once(child, 'exit');
    agent.close();
    await exited;
    remove();
  });
});

describe('spawnAgent', { skip: notLinux }, () => {
  it('says why an agent cannot be started', async () => {
    const before = openDescriptors();
    const stdio = ['ignore', 'ignore', 'ignore'] as const;
    await assert.rejects(spawnAgent({ path: '/no/such/agent', stdio }), /ENOENT/);
    await assert.rejects(spawnAgent({ path: '/bin/false', stdio }), AgentGone);
    await assert.rejects(spawnAgent({ path: '/bin/echo', stdio, children: 3 }), AgentGone);
    assert.deepEqual(openDescriptors(), before);
  });
});
