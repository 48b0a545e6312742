import { once } from 'node:events';
import { createServer as createListener } from 'node:net';
import type { TestContext } from 'node:test';
import type { ForwardRequest } from '../../src/proto/generated/messages.js';
import { Events } from '../../src/proto/generated/services.js';
import type { ContainerKey } from '../../src/runtime/key.js';
import type { TaskEvent } from '../../src/task/events.js';
import { createServer, type Server } from '../../src/ttrpc/server.js';
import { createService, implement, type CallContext } from '../../src/ttrpc/service.js';
import { socketPath } from '../ttrpc/peers.js';

/** Takes an event; what it throws is the answer. */
export type Take = (request: ForwardRequest, context: CallContext) => Promise<void> | void;

/** containerd's end of the event stream: its ttrpc socket, which can go away and come back. */
export class Containerd {
  readonly path: string;
  /** topics in the order in which they came */
  readonly topics: string[] = [];
  connections = 0;
  take: Take = () => undefined;
  #server: Server | undefined;
  #wake: () => void = () => undefined;

  constructor(test: TestContext) {
    this.path = socketPath(test);
    test.after(() => {
      this.stop();
    });
  }

  async start(): Promise<this> {
    const forward = implement(Events.methods.Forward, async (request, context) => {
      await this.take(request, context);
      this.topics.push(request.envelope?.topic ?? '');
      this.#wake();
      return {};
    });
    const server = createServer([createService(Events.name, [forward])]);
    const listener = createListener().listen(this.path);
    listener.on('connection', () => {
      this.connections += 1;
    });
    await once(listener, 'listening');
    server.serve(listener);
    this.#server = server;
    return this;
  }

  stop(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  async received(count: number): Promise<string[]> {
    while (this.topics.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.topics;
  }
}

export const box: ContainerKey = { namespace: 'ns', id: 'box' };

export function event(topic: string): TaskEvent {
  return { topic, event: { typeUrl: 'containerd.events.TaskOOM', value: Buffer.from(topic) } };
}
