import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { Arena } from '../../../src/kernel/arena.js';
import type { AgentKernel } from '../../../src/kernel/agent.js';
import { encodeFrame, frameTypes } from '../../../src/kernel/agent/frame.js';
import { encodeOpen } from '../../../src/kernel/agent/messages.js';
import { connectAgent, parseAgentAddress, type AgentAddress } from '../../../src/kernel/agent/start.js';
import { decodeStatus } from '../../../src/kernel/linux/process.js';
import { openDescriptors } from '../descriptors.js';
import { notLinux } from '../kernels.js';
import { busybox, execve, make, noBusybox, plainCall, withPath } from './launch.js';
import { firstLine } from './peer.js';
import { compileAgent, compileInmate, noCompiler, type Build } from './programs.js';

const listeners: [
  name: string,
  Build,
  start: (folder: string) => string[],
  address: (folder: string, line: string) => AgentAddress,
][] = [
  [
    'TCP',
    'sanitized',
    () => ['listen', 'tcp', '127.0.0.1', '0'],
    (_, line) => parseAgentAddress(`127.0.0.1:${/^listening on port (\d+)$/.exec(line)?.[1] ?? line}`),
  ],
  [
    'a unix socket',
    'freestanding',
    (folder) => ['listen', 'unix', join(folder, 'agent.sock')],
    (folder) => parseAgentAddress(join(folder, 'agent.sock')),
  ],
];

for (const [name, build, start, addressOf] of listeners) {
  describe(`an agent that listens on ${name}`, { skip: notLinux || noCompiler || noBusybox }, () => {
    let folder = '';
    let listener: ChildProcess;
    let address: AgentAddress;
    let remove = (): void => undefined;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'listen-'));
      const agent = compileAgent(build);
      remove = agent.remove;
      listener = spawn(agent.path, start(folder), { stdio: ['ignore', 'pipe', 'inherit'], env: {} });
      address = addressOf(folder, await firstLine(listener));
    });
    after(async () => {
      listener.kill();
      await once(listener, 'exit');
      remove();
      rmSync(folder, { recursive: true });
    });

    const agents: AgentKernel[] = [];
    async function connectTo(): Promise<AgentKernel> {
      const agent = await connectAgent(address);
      agents.push(agent);
      return agent;
    }
    async function forkOf(agent: AgentKernel): Promise<AgentKernel> {
      const child = await agent.fork();
      agents.push(child);
      return child;
    }
    afterEach(() => {
      for (const agent of agents.splice(0)) agent.close();
    });

    it('gives each client an agent of its own', async () => {
      const agents = await Promise.all(Array.from({ length: 8 }, connectTo));
      assert.equal(new Set(agents.map(({ pid }) => pid)).size, 8);
      await make(
        agents[0] ?? assert.fail(),
        withPath('/usr', (path) => [{ symbol: 'chdir', args: [path] }]),
      );
      assert.equal(workingDirectory(agents[0] ?? assert.fail()), '/usr');
      assert.equal(workingDirectory(agents[1] ?? assert.fail()), process.cwd());
      for (const agent of agents) agent.close();
      await Promise.all(agents.map(({ pid }) => gone(pid)));
    });

    it('forks an agent with all that its parent has', async () => {
      const parent = await connectTo();
      const arena = new Arena();
      const ends = arena.reserve(8);
      const made = await make(parent, arena.batch([{ symbol: 'pipe2', args: [{ arena: ends }, 0] }]));
      const [read = -1, write = -1] = new Int32Array(made.arena.slice(ends, ends + 8).buffer);
      await make(
        parent,
        withPath('/usr', (path) => [{ symbol: 'chdir', args: [path] }]),
      );
      const child = await forkOf(parent);
      const grandchild = await forkOf(child);
      assert.equal(new Set([parent.pid, child.pid, grandchild.pid]).size, 3);
      assert.equal(parentOf(child.pid), parent.pid);
      assert.equal(parentOf(grandchild.pid), child.pid);
      assert.equal(workingDirectory(grandchild), '/usr');

      // The grandchild waits in a call, and nobody else has to.
      const buffer = new Arena();
      const at = buffer.reserve(8);
      const waiting = grandchild.run(buffer.batch([{ symbol: 'read', args: [read, { arena: at }, 8] }]));
      await make(
        child,
        withPath('/', (path) => [{ symbol: 'chdir', args: [path] }]),
      );
      assert.equal(workingDirectory(parent), '/usr');
      const text = new Arena();
      const hello = text.text('hello\n', 'text');
      await make(parent, text.batch([{ symbol: 'write', args: [write, { arena: hello }, 5] }]));
      assert.equal(Buffer.from((await waiting).arena).toString('utf8', at, at + 5), 'hello');

      // The child becomes a program that has the pipe, as it was not close-on-exec, and nothing of the agents.
      await make(child, plainCall('dup3', read, 0, 0));
      await child.become(execve(busybox, ['sh', '-c', 'read line; exit 9']), busybox);
      const descriptors = openDescriptors(child.pid).map((line) => Number(line.split(' ')[0]));
      assert.deepEqual(
        descriptors.sort((left, right) => left - right),
        [0, 1, 2, read, write],
      );
      await make(parent, text.batch([{ symbol: 'write', args: [write, { arena: hello }, 6] }]));
      assert.deepEqual(await waitFor(parent, child.pid), { code: 9, signal: null });
      grandchild.close();
      parent.close();
      await Promise.all([gone(grandchild.pid), gone(parent.pid)]);
    });

    it('has a program run in one child, waited for by another, and read by a third', async (test) => {
      const program = compileInmate('freestanding');
      test.after(program.remove);
      const parent = await connectTo();
      const arena = new Arena();
      const ends = arena.reserve(8);
      // O_CLOEXEC
      const made = await make(parent, arena.batch([{ symbol: 'pipe2', args: [{ arena: ends }, 0o2000000] }]));
      const [from = -1, to = -1] = new Int32Array(made.arena.slice(ends, ends + 8).buffer);
      const [reader, waiter] = [await forkOf(parent), await forkOf(parent)];
      const child = await forkOf(waiter);
      await make(child, plainCall('dup3', to, 1, 0));
      for (const agent of [parent, reader, waiter]) await make(agent, plainCall('close', to));
      const ended = waitFor(waiter, child.pid);
      await child.become(
        execve(program.path, ['inmate', 'args', 'write', '100000', 'exit', '7']),
        program.path,
      );

      let length = 0;
      let said = '';
      for (let count = -1; count !== 0; length += count) {
        const into = new Arena();
        const at = into.reserve(4096);
        const { arena: bytes, results } = await make(
          reader,
          into.batch([{ symbol: 'read', args: [from, { arena: at }, 4096] }]),
        );
        count = Number(results[0]?.value);
        said += Buffer.from(bytes.slice(at, at + count)).toString('latin1');
      }
      const args = ['inmate', 'args', 'write', '100000', 'exit', '7'].map((word) => `arg ${word}\n`).join('');
      assert.equal(length, args.length + 100_000);
      assert.ok(said.startsWith(args));
      assert.deepEqual(await ended, { code: 7, signal: null });
    });

    it('forks many at once, whoever connects first', async () => {
      const parent = await connectTo();
      const children = await Promise.all(Array.from({ length: 20 }, () => forkOf(parent)));
      const pids = await Promise.all(
        children.map(async (child) => Number((await child.run(plainCall('getpid'))).results[0]?.value)),
      );
      assert.deepEqual(
        pids,
        children.map(({ pid }) => pid),
      );
      for (const child of children) child.close();
      for (const pid of pids) assert.deepEqual(await waitFor(parent, pid), { code: 0, signal: null });
      parent.close();
    });

    it('closes a connection that asks for a child that is not there, or says nothing that it knows', async () => {
      for (const bytes of [
        Buffer.concat(encodeFrame(frameTypes.open, encodeOpen(4711n))),
        Buffer.concat(encodeFrame(frameTypes.batch, Buffer.alloc(16))),
        Buffer.concat(encodeFrame(frameTypes.open, Buffer.alloc(3))),
      ]) {
        const stream = connect(address);
        stream.end(bytes);
        stream.resume();
        await once(stream, 'close');
      }
      const agent = await connectTo();
      await make(agent, plainCall('getpid'));
      agent.close();
    });

    it('leaves nothing in the listener', async () => {
      const pid = listener.pid ?? 0;
      await withoutChildren(pid);
      const before = openDescriptors(pid);
      for (let round = 0; round < 20; round++) {
        const agent = await connectTo();
        const child = await forkOf(agent);
        child.close();
        agent.close();
      }
      await withoutChildren(pid);
      assert.deepEqual(openDescriptors(pid), before);
    });
  });
}

describe('a listening agent’s unix socket', { skip: notLinux || noCompiler }, () => {
  it('is for its user only', async (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'listen-'));
    const { path, remove } = compileAgent('hosted');
    const socket = join(folder, 'agent.sock');
    const listener = spawn(path, ['listen', 'unix', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    test.after(() => {
      listener.kill();
      remove();
      rmSync(folder, { recursive: true });
    });
    assert.equal(await firstLine(listener), 'listening');
    assert.equal(statSync(socket).mode & 0o777, 0o600);
  });
});

describe('parseAgentAddress', () => {
  it('knows ports and paths', () => {
    assert.deepEqual(parseAgentAddress('10.0.0.1:7000'), { host: '10.0.0.1', port: 7000 });
    assert.deepEqual(parseAgentAddress('::1:7000'), { host: '::1', port: 7000 });
    assert.deepEqual(parseAgentAddress('/run/agent.sock'), { path: '/run/agent.sock' });
    for (const text of ['', 'host', ':80', 'host:', 'host:0', 'host:65536', 'host:8o']) {
      assert.throws(() => parseAgentAddress(text), RangeError, text);
    }
  });
});

function workingDirectory(agent: AgentKernel): string {
  return readlinkSync(`/proc/${agent.pid}/cwd`);
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function waitFor(
  parent: AgentKernel,
  pid: number,
): Promise<{ code: number | null; signal: number | null }> {
  const arena = new Arena();
  const status = arena.reserve(8);
  const answer = await make(parent, arena.batch([{ symbol: 'wait4', args: [pid, { arena: status }, 0, 0] }]));
  return decodeStatus(new DataView(answer.arena.buffer, answer.arena.byteOffset).getInt32(status, true));
}

// A process that is not our child tells nobody of its end; another round of the event loop gives it time. It may stay a
// zombie: a container's process 1 may not collect orphans.
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise(setImmediate);
}

async function withoutChildren(pid: number): Promise<void> {
  while (readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8') !== '') await new Promise(setImmediate);
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
