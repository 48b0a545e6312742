import { spawn as spawnProgram, type ChildProcess, type IOType, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex, Readable, Stream, Writable } from 'node:stream';
import { AgentKernel, type AgentConnection } from '../agent.js';
import type { SyscallNumbers } from '../linux/syscalls.js';

/** One of a child's standard descriptors, as child_process.spawn takes it. */
export type Stdio = IOType | number | Stream;

export interface AgentProgram {
  /** The path of the agent. */
  readonly path: string;
  /** Descriptors 0, 1 and 2 of the agent, and of what it becomes. */
  readonly stdio: readonly [Stdio, Stdio, Stdio];
  /** How many children it may fork; 0 by default. */
  readonly children?: number;
  /** The system call numbers of this host, if they are known: its agents are not asked then. */
  readonly syscalls?: SyscallNumbers | undefined;
  /** How a program is started: for those who keep a list of the children that Node waits for. */
  readonly spawn?: Spawn | undefined;
}

/** child_process.spawn, as far as it is used here. */
export type Spawn = (
  file: string,
  args: readonly string[],
  options: SpawnOptions & { stdio: NonNullable<SpawnOptions['stdio']> },
) => ChildProcess;

/** An agent that is a child of this process: Node waits for it, and tells its end. */
export interface SpawnedAgent {
  readonly agent: AgentKernel;
  readonly child: ChildProcess;
}

/**
 * Starts an agent on this machine, to become another program. It has an empty environment, and no descriptor of ours
 * but those three and its connection.
 *
 * @throws Error if it cannot be started, or ends at once
 */
export async function spawnAgent({
  path,
  stdio,
  children = 0,
  syscalls,
  spawn = spawnProgram,
}: AgentProgram): Promise<SpawnedAgent> {
  const descriptors = Array.from({ length: 1 + children }, (_, index) => 3 + index);
  const child = spawn(path, ['fd', ...descriptors.map(String)], {
    stdio: [...stdio, ...descriptors.map(() => 'pipe' as const)],
    env: {},
  });
  // Rejects when the program cannot be executed.
  await once(child, 'spawn');
  const [control, ...spares] = descriptors.map((descriptor) => child.stdio[descriptor] as Socket);
  if (control === undefined) throw new Error(`${path}: no connection`);
  const connectChild = (): Promise<AgentConnection> => {
    const stream = spares.shift();
    return stream === undefined
      ? Promise.reject(new Error('agent: no connection for a child is left'))
      : Promise.resolve({ stream, connectChild });
  };
  try {
    const agent = await AgentKernel.open({ stream: control, connectChild, syscalls });
    void agent.ended.then(() => {
      for (const spare of spares.splice(0)) spare.destroy();
    });
    return { agent, child };
  } catch (error) {
    child.kill('SIGKILL');
    await Promise.all(child.stdio.map(destroy));
    throw error;
  }
}

async function destroy(stream: Readable | Writable | null | undefined): Promise<void> {
  if (stream === null || stream === undefined || stream.closed) return;
  const closed = once(stream, 'close');
  stream.destroy();
  await closed;
}

/** Where an agent listens: a TCP address or the path of a unix socket. */
export type AgentAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** "HOST:PORT", or the path of a unix socket, which has a slash. Throws a RangeError for anything else. */
export function parseAgentAddress(text: string): AgentAddress {
  if (text.includes('/')) return { path: text };
  const colon = text.lastIndexOf(':');
  const port = Number(text.slice(colon + 1));
  if (colon <= 0 || !/^\d+$/.test(text.slice(colon + 1)) || port < 1 || port > 65_535) {
    throw new RangeError(`agent address: neither HOST:PORT nor a path: ${text}`);
  }
  return { host: text.slice(0, colon), port };
}

/** Asks a listening agent for a new one. */
export async function connectAgent(address: AgentAddress): Promise<AgentKernel> {
  return AgentKernel.open(await connection(address, 0n));
}

async function connection(address: AgentAddress, token: bigint): Promise<AgentConnection> {
  const stream = connect(address);
  await once(stream, 'connect');
  stream.setNoDelay(true);
  return { stream, token, connectChild: (next) => connection(address, next) };
}

/** An agent at the other end of a serial line, or of whatever stream stands for one. */
export function openDeviceAgent(stream: Duplex): Promise<AgentKernel> {
  return AgentKernel.open({ stream, device: true });
}
