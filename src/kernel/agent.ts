import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { encodeFrame, FrameReader, frameTypes, type Frame } from './agent/frame.js';
import {
  AgentError,
  decodeAnswer,
  decodeError,
  decodeForked,
  decodeHello,
  decodeRan,
  encodeBatch,
  encodeFork,
  encodeOpen,
  encodeRun,
  ownCallFailed,
  type Hello,
  type NumberOf,
  type Ran,
  type RunLimits,
} from './agent/messages.js';
import { numberIn, numbersFor } from './agent/numbers.js';
import { KernelError, stoppedBy } from './error.js';
import type { Answer, Batch, Kernel, Platform } from './kernel.js';
import type { SyscallNumbers } from './linux/syscalls.js';

export type { Ran, RunLimits } from './agent/messages.js';
export { AgentError } from './agent/messages.js';

/** There is no connection to the agent any more. */
export class AgentGone extends Error {
  override readonly name = 'AgentGone';
  /** The agent closed it: it has exited, been killed, or become another program. */
  readonly byAgent: boolean;

  constructor(message: string, byAgent = false, options?: ErrorOptions) {
    super(message, options);
    this.byAgent = byAgent;
  }
}

/** How connections to an agent are made. */
export interface AgentConnection {
  readonly stream: Duplex;
  /** 0 for a new agent, else the token of the child that this connection is for. */
  readonly token?: bigint;
  /** The stream is a device on which others may write too, and that may lose what is sent too early. */
  readonly device?: boolean;
  /** The system call numbers of its kernel, if they are known: it is asked otherwise. */
  readonly syscalls?: SyscallNumbers | undefined;
  /** Makes the connection for a child agent. Without it the agent's FORK cannot be used. */
  readonly connectChild?: (token: bigint) => Promise<AgentConnection>;
}

const openAgainMilliseconds = 1000;

interface Pending {
  readonly expected: number;
  readonly resolve: (payload: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** A kernel that another process calls for us: native/agent.c. Requests are answered one after the other. */
export class AgentKernel implements Kernel {
  readonly #stream: Duplex;
  readonly #reader: FrameReader;
  readonly #connectChild: AgentConnection['connectChild'];
  #pending: Pending[] = [];
  #gone: Error | undefined;
  #hello: Hello | undefined;
  #syscalls: SyscallNumbers | undefined;
  #numberOf: NumberOf | undefined;
  /** Resolves when the connection has ended, however it did. */
  readonly ended: Promise<void>;

  private constructor(connection: AgentConnection) {
    this.#stream = connection.stream;
    this.#reader = new FrameReader(connection.device === true);
    this.#connectChild = connection.connectChild;
    this.ended = new Promise((resolve) => {
      this.#stream.once('close', () => {
        this.#end(new AgentGone('agent: closed'));
        resolve();
      });
    });
    this.#stream.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
    });
    this.#stream.once('end', () => {
      this.#end(new AgentGone('agent: the agent is gone', true));
      this.#stream.destroy();
    });
    this.#stream.on('error', (error) => {
      this.#end(new AgentGone(`agent: ${error.message}`, false, { cause: error }));
    });
  }

  /**
   * Greets an agent over a connection, which is this object's from now on, and closed if that fails.
   *
   * @throws AgentGone if the connection ends
   * @throws Error if the agent speaks another version of the protocol, or its kernel is one that we do not know
   */
  static async open(connection: AgentConnection): Promise<AgentKernel> {
    const agent = new AgentKernel(connection);
    try {
      await agent.#greet(connection);
      return agent;
    } catch (error) {
      agent.close();
      await agent.ended;
      throw error;
    }
  }

  get platform(): Platform {
    return this.#known.platform;
  }

  /** The processor that the agent runs on, by FreeBSD's names. */
  get processor(): 'amd64' | 'arm64' {
    return this.#known.processor;
  }

  /** The agent's process id, in its own machine. */
  get pid(): number {
    return this.#known.pid;
  }

  async run(batch: Batch): Promise<Answer> {
    return this.#run(batch, this.#numbers);
  }

  /**
   * Runs a batch whose last call makes the agent another program: execve(2). Resolves when it has; the connection is
   * closed then.
   *
   * @param object what it becomes, for the error
   * @throws KernelError of the call that failed: the agent is still there then
   */
  async become(batch: Batch, object: string): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.run(batch);
    } catch (error) {
      if (error instanceof AgentGone && error.byAgent) return;
      throw error;
    }
    const failure = stoppedBy(batch, answer);
    if (failure !== undefined) throw new KernelError({ platform: this.platform, object, ...failure });
    throw new Error(`agent: ${object}: the batch has ended and it is still an agent`);
  }

  /** Runs a batch in a child of the agent, and waits for its end. */
  async runChild(batch: Batch, limits: RunLimits): Promise<Ran> {
    const request = encodeRun(batch, limits, this.#numbers);
    return decodeRan(await this.#request(frameTypes.run, request, frameTypes.ran), batch);
  }

  /**
   * Makes a child of the agent that is an agent itself, with all that the agent has: credentials, jail, working
   * directory, open files.
   *
   * @throws KernelError of fork(2), for instance EAGAIN at the limit of its jail
   */
  async fork(): Promise<AgentKernel> {
    if (this.#connectChild === undefined) throw new Error('agent: has no connection for a child');
    const token = randomBytes(8).readBigUInt64LE() | 1n;
    const forked = await this.#request(frameTypes.fork, encodeFork(token), frameTypes.forked);
    const connection = await this.#connectChild(token);
    // It is on the same kernel.
    const child = await AgentKernel.open({ ...connection, syscalls: this.#syscalls });
    if (child.pid === decodeForked(forked)) return child;
    child.close();
    throw new Error(`agent: process ${child.pid} answers for the child ${decodeForked(forked)}`);
  }

  /** Closes the connection: the agent exits, unless it is a device's. */
  close(): void {
    this.#end(new AgentGone('agent: closed'));
    this.#stream.destroy();
  }

  get #known(): Hello {
    if (this.#hello === undefined) throw new Error('agent: not open');
    return this.#hello;
  }

  get #numbers(): NumberOf {
    if (this.#numberOf === undefined) throw new Error('agent: not open');
    return this.#numberOf;
  }

  async #greet({ token = 0n, device = false, syscalls }: AgentConnection): Promise<void> {
    const hello = this.#request(frameTypes.open, encodeOpen(token), frameTypes.hello);
    const again = device
      ? setInterval(() => {
          this.#send(frameTypes.open, encodeOpen(token));
        }, openAgainMilliseconds)
      : undefined;
    try {
      this.#hello = decodeHello(await hello);
    } finally {
      clearInterval(again);
    }
    this.#syscalls =
      syscalls ?? (await numbersFor(this.#hello, (batch, numberOf) => this.#run(batch, numberOf)));
    this.#numberOf = numberIn(this.#syscalls, this.#hello);
  }

  async #run(batch: Batch, numberOf: NumberOf): Promise<Answer> {
    const request = encodeBatch(batch, numberOf);
    return decodeAnswer(await this.#request(frameTypes.batch, request, frameTypes.answer), batch);
  }

  #request(type: number, payload: Uint8Array, expected: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        reject(this.#gone);
        return;
      }
      this.#pending.push({ expected, resolve, reject });
      this.#send(type, payload);
    });
  }

  #send(type: number, payload: Uint8Array): void {
    for (const part of encodeFrame(type, payload)) this.#stream.write(part);
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#dispatch(frame);
    } catch (error) {
      this.#end(error as Error);
      this.#stream.destroy();
    }
  }

  #dispatch({ type, payload }: Frame): void {
    const next = this.#pending[0];
    // An agent says hello unasked when it begins, and once for each time that it was asked.
    if (type === frameTypes.hello && next?.expected !== frameTypes.hello) return;
    if (next === undefined) throw new Error(`agent: frame of type ${type} that nobody asked for`);
    this.#pending.shift();
    if (type === next.expected) next.resolve(payload);
    else if (type === frameTypes.error) next.reject(this.#refusal(decodeError(payload)));
    else throw new Error(`agent: frame of type ${type}, not ${next.expected}`);
  }

  /** A call that the agent made for itself has failed as those of batches do. */
  #refusal(error: Error): Error {
    if (!(error instanceof AgentError) || error.code !== ownCallFailed || this.#hello === undefined)
      return error;
    const { platform, pid } = this.#hello;
    return new KernelError({ platform, call: error.text, object: `agent ${pid}`, errno: error.index });
  }

  #end(reason: Error): void {
    this.#gone ??= reason;
    const pending = this.#pending;
    this.#pending = [];
    for (const { reject } of pending) reject(this.#gone);
  }
}
