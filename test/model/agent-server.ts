import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { AgentGone } from '../../src/kernel/agent.js';
import { isKernelError } from '../../src/kernel/error.js';
import {
  encodeFrame,
  FrameReader,
  frameTypes,
  maxPayload,
  type Frame,
} from '../../src/kernel/agent/frame.js';
import { BatchError, decodeBatch, encodeAnswer, symbolsByNumber } from './agent-batch.js';
import { WouldBlock } from './blocking.js';
import { playInmates } from './inmate.js';
import type { ModelKernel } from './kernel.js';
import type { Model } from './model.js';

/** What listens in front of a model as `agent listen tcp` does in front of a kernel. */
export interface AgentServer {
  readonly port: number;
  /** Rejects when the simulated kernel panics, or does something that no kernel does. */
  readonly broken: Promise<never>;
  close(): Promise<void>;
}

/** Listens on the loopback for clients of the agent's protocol, whose calls the model answers. */
export async function serveModel(model: Model): Promise<AgentServer> {
  const listener = new Listener(model);
  await listener.listen();
  return listener;
}

class Listener implements AgentServer {
  readonly #model: Model;
  readonly #symbols: ReadonlyMap<number, string>;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  /** Children that FORK has made and that nobody has connected to, by their tokens. */
  readonly #waiting = new Map<bigint, ModelKernel>();
  readonly broken: Promise<never>;
  #break: (error: Error) => void = () => undefined;

  constructor(model: Model) {
    this.#model = model;
    this.#symbols = symbolsByNumber(model.freebsd.bindings);
    this.#server = createServer((socket) => {
      this.#accept(socket);
    });
    this.broken = new Promise((_, reject) => {
      this.#break = reject;
    });
    playInmates(
      model,
      () => {
        this.#resume();
      },
      (error) => {
        this.#break(error as Error);
      },
    );
    model.system.processes.listen((process) => {
      // Who has ended or runs another program has no connection any more.
      for (const each of this.#connections) if (each.kernel?.process === process) each.socket.end();
      this.#resume();
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    for (const { socket } of this.#connections) socket.destroy();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #accept(socket: Socket): void {
    const connection: Connection = { socket, reader: new FrameReader(false), frames: [], kernel: undefined };
    this.#connections.add(connection);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      connection.frames.push(...connection.reader.push(chunk));
      void this.#serve(connection);
    });
    socket.on('error', () => {
      socket.destroy();
    });
    socket.once('close', () => {
      this.#connections.delete(connection);
      const { kernel } = connection;
      if (kernel?.process.executed !== undefined) return;
      kernel?.close();
      // The listener waits for the agents that it made; those of FORK are waited for by their parents.
      if (kernel?.process.parent === this.#model.kernel.process) {
        this.#model.system.processes.collect(kernel.process);
      }
    });
  }

  /** Something has happened that a call may have waited for. */
  #resume(): void {
    setImmediate(() => {
      for (const each of this.#connections) if (each.frames.length > 0) void this.#serve(each);
    });
  }

  async #serve(connection: Connection): Promise<void> {
    try {
      for (;;) {
        const [frame] = connection.frames;
        if (frame === undefined || connection.busy === true) return;
        connection.busy = true;
        const answer = await this.#answer(connection, frame).finally(() => (connection.busy = false));
        if (answer === 'later') return;
        connection.frames.shift();
        if (answer === 'none') return;
        for (const part of encodeFrame(answer.type, answer.payload)) connection.socket.write(part);
        this.#resume();
      }
    } catch (error) {
      this.#break(error as Error);
    }
  }

  async #answer(connection: Connection, { type, payload }: Frame): Promise<Frame | 'later' | 'none'> {
    if (type === frameTypes.open) return this.#open(connection, payload);
    const { kernel } = connection;
    if (kernel === undefined) return refusal(1, 0, 'a listener wants OPEN first');
    switch (type) {
      case frameTypes.batch:
        return this.#batch(kernel, payload);
      case frameTypes.fork: {
        const child = await kernel.fork().catch((error: unknown) => {
          if (isKernelError(error)) return error;
          throw error;
        });
        if (isKernelError(child)) return refusal(5, child.errno, child.call);
        this.#waiting.set(payload.readBigUInt64LE(0), child);
        const forked = Buffer.alloc(8);
        forked.writeUInt32LE(child.pid, 0);
        return { type: frameTypes.forked, payload: forked };
      }
      default:
        return refusal(4, 0, `frame of type ${type}: not in front of a model`);
    }
  }

  async #open(connection: Connection, payload: Buffer): Promise<Frame | 'none'> {
    const token = payload.readBigUInt64LE(8);
    const kernel = token === 0n ? await this.#model.kernel.fork() : this.#waiting.get(token);
    this.#waiting.delete(token);
    if (kernel === undefined) {
      connection.socket.destroy();
      return 'none';
    }
    connection.kernel = kernel;
    const hello = Buffer.alloc(24);
    // Version 1, FreeBSD, amd64, and that it can fork.
    [1, 1, 1, kernel.pid, maxPayload, 1].forEach((value, index) => hello.writeUInt32LE(value, index * 4));
    return { type: frameTypes.hello, payload: hello };
  }

  #batch(kernel: ModelKernel, payload: Buffer): Frame | 'later' | 'none' {
    try {
      const batch = decodeBatch(payload, this.#symbols);
      try {
        return { type: frameTypes.answer, payload: encodeAnswer(kernel.runSync(batch)) };
      } catch (error) {
        // A call that waits is made again later; one that follows others cannot be.
        if (error instanceof WouldBlock && batch.calls.length === 1) return 'later';
        throw error;
      }
    } catch (error) {
      if (error instanceof AgentGone) return 'none';
      if (error instanceof BatchError) return refusal(2, error.index, error.message);
      throw error;
    }
  }
}

interface Connection {
  readonly socket: Socket;
  readonly reader: FrameReader;
  readonly frames: Frame[];
  kernel: ModelKernel | undefined;
  busy?: boolean;
}

function refusal(code: number, index: number, text: string): Frame {
  const payload = Buffer.concat([Buffer.alloc(8), Buffer.from(text, 'latin1')]);
  payload.writeUInt32LE(code, 0);
  payload.writeUInt32LE(index, 4);
  return { type: frameTypes.error, payload };
}
