import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it, type TestContext } from 'node:test';
import { listJails } from '../../src/kernel/freebsd/jail.js';
import type { Batch } from '../../src/kernel/kernel.js';
import { startLocalAgent } from '../conformance/harness/local-agent.js';
import { machineSources } from '../conformance/harness/sources.js';
import type { Machine, MachineSource } from '../conformance/harness/machine.js';
import { firstLine } from '../kernel/agent/peer.js';
import { compileAgent, noCompiler } from '../kernel/agent/programs.js';
import { notLinux } from '../kernel/kernels.js';
import { openModel, type Model } from './model.js';
import { serveModel } from './agent-server.js';

function only(kernel: string): MachineSource {
  const [source, ...more] = machineSources(kernel);
  assert.ok(source && more.length === 0);
  return source;
}

describe('machines that conformance is about', () => {
  it('are models of several releases, if none is named', () => {
    assert.deepEqual(
      machineSources('').map(({ release }) => release),
      [12, 14, 15],
    );
  });

  for (const kernel of ['remote', 'agent:', 'agent', 'local:1']) {
    it(`are none that '${kernel}' names`, () => {
      assert.throws(() => machineSources(kernel), /^Error: KERNEL: /);
    });
  }

  for (const kernel of ['agent:nowhere', 'agent:host:0', 'agent:host:65536', 'agent::80']) {
    it(`are none that '${kernel}' names`, async () => {
      await assert.rejects(only(kernel).open(), RangeError);
    });
  }

  it('are reached through an agent', async (t) => {
    const { machine } = await served(t);
    assert.equal(machine.release, 14);
    assert.deepEqual(await listJails(machine.system, []), []);
    assert.ok(machine.process);
  });

  it('are not this host, if it is no FreeBSD', { skip: notLinux }, async () => {
    await assert.rejects(only('local').open(), /^Error: this kernel is no FreeBSD, but linux$/);
  });
});

describe('an agent on Linux', { skip: notLinux || noCompiler }, () => {
  let listener: ChildProcess;
  let kernel = '';
  let remove = (): void => undefined;
  before(async () => {
    const agent = compileAgent('hosted');
    remove = agent.remove;
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    listener = spawn(agent.path, ['listen', 'tcp', '127.0.0.1', '0'], { stdio: [...stdio], env: {} });
    kernel = `agent:127.0.0.1:${/\d+$/.exec(await firstLine(listener))?.[0] ?? ''}`;
  });
  after(async () => {
    listener.kill();
    await once(listener, 'exit');
    remove();
  });

  it('is refused', async () => {
    await assert.rejects(only(kernel).open(), /^Error: this kernel is no FreeBSD, but linux$/);
  });
});

describe('an agent on this machine', { skip: notLinux || noCompiler }, () => {
  it('has children who have children, in whatever order they are made', async (t) => {
    const { path, remove } = compileAgent('hosted');
    t.after(remove);
    const local = await startLocalAgent(path);
    t.after(() => local.close());
    const { agent } = local;
    const first = await agent.fork();
    const second = await agent.fork();
    const grandchild = await first.fork();
    const third = await agent.fork();
    const family = [agent, first, second, grandchild, third];
    for (const each of family) {
      const { results } = await each.run(batch('getpid'));
      assert.equal(Number(results[0]?.value), each.pid);
    }
    assert.equal(new Set(family.map(({ pid }) => pid)).size, 5);
    for (const each of [grandchild, third, second, first]) {
      each.close();
      await each.ended;
    }
  });

  it('is said not to be there, or to be no agent', async () => {
    await assert.rejects(startLocalAgent('/nonexistent/agent'), /ENOENT/);
    await assert.rejects(
      startLocalAgent('/bin/false'),
      /^Error: \/bin\/false listen unix .*: ended at once$/,
    );
  });
});

/** A model that listens, and one who has connected; both end with the test. */
async function served(t: TestContext): Promise<{ model: Model; source: MachineSource; machine: Machine }> {
  const model = openModel(14);
  const server = await serveModel(model);
  t.after(() => server.close());
  const source = only(`agent:127.0.0.1:${server.port}`);
  const machine = await source.open();
  t.after(() => machine.close());
  return { model, source, machine };
}

/** A batch of one call whose arguments are integers. */
function batch(symbol: string, ...args: number[]): Batch {
  return { arena: new Uint8Array(0), fixups: [], calls: [{ symbol, args }] };
}

describe('a model behind the protocol of agents', () => {
  it('is one machine for all who connect, each with a process of its own', async (t) => {
    const { model, source, machine } = await served(t);
    const other = await source.open();
    const { AF_LOCAL, SOCK_DGRAM } = machine.system.bindings.constants;
    for (const { system } of [machine, other]) {
      const { results } = await system.kernel.run(batch('socket', AF_LOCAL, SOCK_DGRAM, 0));
      assert.deepEqual(results, [{ value: 0n, errno: 0 }]);
    }
    assert.equal(model.remains().filter((what) => what.startsWith('process')).length, 2);
    const ended = new Promise<void>((resolve) => {
      model.system.processes.listen(() => {
        resolve();
      });
    });
    await other.close();
    await ended;
    assert.equal(model.remains().filter((what) => what.startsWith('process')).length, 1);
  });

  it('has a call wait until it can be answered', async (t) => {
    const { machine } = await served(t);
    assert.ok(machine.process);
    const child = await machine.process.fork();
    const waiting = machine.system.kernel.run(batch('wait4', child.pid, 0, 0, 0));
    await child.run(batch('getpid'));
    child.close();
    assert.deepEqual((await waiting).results, [{ value: BigInt(child.pid), errno: 0 }]);
  });

  it('refuses a call that it has not, and goes on', async (t) => {
    const { machine } = await served(t);
    const unknown = machine.system.kernel.run(batch('getpriority', 0, 0));
    await assert.rejects(unknown, /is not one of the model \(error 2, index 0\)$/);
    assert.deepEqual(await listJails(machine.system, []), []);
  });
});
