import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { launchProcess } from '../../../src/jail/process/launch.js';
import { everybodyIn } from '../../../src/jail/process/everybody.js';
import type { AgentKernel } from '../../../src/kernel/agent.js';
import { forkedChildren } from '../../../src/kernel/agent/children.js';
import { connectAgent } from '../../../src/kernel/agent/start.js';
import { close, read } from '../../../src/kernel/freebsd/file.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { exitProgram } from '../../model/execve.js';
import { serveModel, type AgentServer } from '../../model/agent-server.js';
import { makeWorld, plan, terminalStdio, type World } from './world.js';

describe('a process of a jail on another machine', () => {
  let server: AgentServer | undefined;
  let agent: AgentKernel | undefined;
  afterEach(async () => {
    agent?.close();
    await agent?.ended;
    await server?.close();
  });

  /** The same world, reached through an agent whose children the processes are. */
  async function remoteWorld(): Promise<World> {
    const world = await makeWorld(14);
    server = await serveModel(world.model);
    agent = await connectAgent({ host: '127.0.0.1', port: server.port });
    const { bindings } = world.tools.system;
    return {
      ...world,
      tools: {
        ...world.tools,
        system: { kernel: agent, bindings },
        children: forkedChildren(agent, bindings),
      },
    };
  }

  it('runs its program, takes signals, and tells how it ended', async () => {
    const world = await remoteWorld();
    const before = world.model.remains();
    const { jid, tools } = world;
    const stdio = { terminal: false as const, fds: [0, 0, 0] as const, release: () => undefined };
    const [input] = await run(tools.system, (b) => {
      const path = { arena: b.arena.text('/dev/null', 'path') };
      const value = b.call('openat', [b.bindings.constants.AT_FDCWD, path, 2, 0], { object: '/dev/null' });
      return [{ value, decode: ({ valueOf }) => valueOf(value) }];
    });
    assert.equal(input, 0);
    const first = await launchProcess(tools, { jid, plan: plan() }, stdio);
    const second = await launchProcess(tools, { jid, plan: plan({ args: ['/bin/program'] }) }, stdio);
    assert.deepEqual(world.process(first.pid).executed?.argv, ['program', 'one']);
    assert.deepEqual(await everybodyIn(tools.system, jid).pids(), [first.pid, second.pid]);
    exitProgram(world.process(first.pid), 5);
    assert.equal((await first.exited).status, 5);
    await second.signal(15);
    assert.equal((await second.exited).status, 143);
    await run(tools.system, (b) => close(b, input));
    assert.deepEqual(world.model.remains(), before);
    assert.deepEqual(world.reports, []);
  });

  it('has a terminal whose master the agent holds', async () => {
    const world = await remoteWorld();
    const { jid, tools } = world;
    const stdio = terminalStdio(world);
    const process = await launchProcess(tools, { jid, plan: plan({ terminal: true }) }, stdio);
    const master = stdio.terminal ? (stdio.master() ?? -1) : -1;
    process.resize(80, 24);
    exitProgram(world.process(process.pid), 0);
    assert.equal((await process.exited).status, 0);
    assert.equal((await run(tools.system, (b) => read(b, master, 10, 'terminal'))).byteLength, 0);
    await run(tools.system, (b) => close(b, master));
    assert.deepEqual(world.reports, []);
  });
});
