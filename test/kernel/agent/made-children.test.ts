import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { AgentKernel } from '../../../src/kernel/agent.js';
import { forkedChildren, spawnedChildren } from '../../../src/kernel/agent/children.js';
import { connectAgent } from '../../../src/kernel/agent/start.js';
import type { ExitWatch } from '../../../src/kernel/freebsd/exit-watch.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { sendSignal } from '../../../src/kernel/freebsd/signal.js';
import { isAwaitedByNode, spawnChild } from '../../../src/runtime/children.js';
import { serveModel, type AgentServer } from '../../model/agent-server.js';
import { openModel, type Model } from '../../model/model.js';
import { execve, plainCall } from './launch.js';
import { compileAgent, noCompiler } from './programs.js';

describe('children of this process', { skip: noCompiler }, () => {
  let program: ReturnType<typeof compileAgent>;
  before(() => {
    program = compileAgent('hosted');
  });
  after(() => {
    program.remove();
  });
  const sh = (script: string) => execve('/bin/sh', ['sh', '-c', script]);

  it('have the descriptors that they are given, and tell their exit code', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'child-'));
    try {
      const file = join(folder, 'out');
      const output = openSync(file, 'w');
      const child = await spawnedChildren(program.path).start(['null', output, output]);
      closeSync(output);
      await child.kernel.become(sh('echo out; echo err >&2; read -r line; exit 7'), 'sh');
      assert.equal((await child.exited).status, 7);
      assert.equal(readFileSync(file, 'utf8'), 'out\nerr\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('tell the signal that killed them', async () => {
    const child = await spawnedChildren(program.path).start(['null', 'null', 'null']);
    await child.kernel.become(sh('kill -TERM $$'), 'sh');
    assert.equal((await child.exited).status, 143);
  });

  it('are killed when they are abandoned, as agents and as programs', async () => {
    const agent = await spawnedChildren(program.path).start(['null', 'null', 'null']);
    await agent.abandon();
    assert.equal((await agent.exited).status, 137);
    await agent.abandon();
    const started = await spawnedChildren(program.path).start(['null', 'null', 'null']);
    await started.kernel.become(sh('trap "" TERM; exec sleep 1000'), 'sh');
    await started.abandon();
    assert.equal((await started.exited).status, 137);
  });

  it('are said to have ended as who watches them says, or else as Node does', async () => {
    const asked: number[] = [];
    const watch = (statusOf: () => Promise<number | undefined>): ExitWatch => ({
      watch: (pid) => {
        asked.push(pid);
        return asked.length === 2 ? Promise.reject(new Error('no events')) : Promise.resolve();
      },
      statusOf,
      close: () => Promise.resolve(),
    });
    const statuses: number[] = [];
    const pids: number[] = [];
    for (const statusOf of [
      () => Promise.resolve(196),
      () => Promise.resolve(undefined),
      () => Promise.reject(new Error('no events')),
    ]) {
      const child = await spawnedChildren(program.path, { exits: watch(statusOf) }).start([
        'null',
        'null',
        'null',
      ]);
      pids.push(child.pid);
      await child.kernel.become(sh('exit 4'), 'sh');
      statuses.push((await child.exited).status);
    }
    assert.deepEqual(statuses, [196, 4, 4]);
    assert.deepEqual(asked, pids);
  });

  it('are on the list of children that Node waits for, until it has', async () => {
    const child = await spawnedChildren(program.path, { spawn: spawnChild }).start(['null', 'null', 'null']);
    assert.equal(isAwaitedByNode(child.pid), true);
    await child.abandon();
    assert.equal(isAwaitedByNode(child.pid), false);
  });

  it('are none if the agent is not there', async () => {
    await assert.rejects(spawnedChildren('/nonexistent/agent').start(['null', 'null', 'null']), /ENOENT/);
  });
});

describe('children on the machine of an agent', () => {
  let server: AgentServer | undefined;
  let agent: AgentKernel | undefined;
  afterEach(async () => {
    agent?.close();
    await agent?.ended;
    await server?.close();
  });

  async function machine(): Promise<{ model: Model; parent: AgentKernel }> {
    const model = openModel(14);
    server = await serveModel(model);
    agent = await connectAgent({ host: '127.0.0.1', port: server.port });
    return { model, parent: agent };
  }

  it('have three descriptors, and tell their exit code', async () => {
    const { model, parent } = await machine();
    const { bindings } = model.freebsd;
    const before = model.remains();
    const child = await forkedChildren(parent, bindings).start(['null', 'null', 'null']);
    assert.deepEqual(model.system.processes.get(child.pid)?.descriptors.numbers(), [0, 1, 2]);
    await assert.rejects(child.kernel.run(plainCall('_exit', 9)), { name: 'AgentGone' });
    assert.equal((await child.exited).status, 9);
    assert.deepEqual(model.remains(), before);
  });

  it('are not asked for a release that is known', async () => {
    const { model, parent } = await machine();
    const { made } = model.faults;
    const child = await parent.fork();
    assert.equal(model.faults.made, made);
    await child.run(plainCall('getpid'));
    assert.equal(model.faults.made, made + 1);
  });

  it('tell the signal that killed them', async () => {
    const { model, parent } = await machine();
    const child = await forkedChildren(parent, model.freebsd.bindings).start(['null', 'null', 'null']);
    await child.kernel.become(execve('/bin/sleep', ['sleep', '1000']), 'sleep');
    await run(model.freebsd, (b) => sendSignal(b, child.pid, 'SIGTERM'));
    assert.equal((await child.exited).status, 143);
  });

  it('are killed when they are abandoned, and leave nothing', async () => {
    const { model, parent } = await machine();
    const before = model.remains();
    const children = forkedChildren(parent, model.freebsd.bindings);
    const all = await Promise.all([1, 2, 3].map(() => children.start(['null', 'null', 'null'])));
    await Promise.all(all.map((child) => child.abandon()));
    for (const child of all) assert.equal((await child.exited).status, 137);
    assert.deepEqual(model.remains(), before);
  });

  it('are none, and leave nothing, if a descriptor is not there', async () => {
    const { model, parent } = await machine();
    const before = model.remains();
    const failing = forkedChildren(parent, model.freebsd.bindings).start(['null', 99, 'null']);
    await assert.rejects(failing, { message: 'fcntl: descriptor 99: EBADF' });
    assert.deepEqual(model.remains(), before);
  });
});
