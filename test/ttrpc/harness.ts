import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { createClient, type Client } from '../../src/ttrpc/client.js';
import { encodeRequestHead } from '../../src/ttrpc/envelope.js';
import { createServer, type Server } from '../../src/ttrpc/server.js';
import type { CallContext, Implementation, UnaryMethod } from '../../src/ttrpc/service.js';
import { createService, implement } from '../../src/ttrpc/service.js';
import { listen, RawPeer, text } from './peers.js';

export const SERVICE = 'test.Service';

export function unary(name: string): UnaryMethod<string, string> {
  return { kind: 'unary', name, request: text, response: text };
}

export const echo = implement(unary('Echo'), (request) => request);

export interface Setup {
  server: Server;
  path: string;
  client: Client;
  peer: RawPeer;
  logged: string[];
}

/** A server of these methods and of Echo, with one client and one raw peer connected to it. */
export async function setUp(context: TestContext, ...implementations: Implementation[]): Promise<Setup> {
  const { listener, path } = await listen(context);
  const logged: string[] = [];
  const service = createService(SERVICE, [echo, ...implementations]);
  const server = createServer([service], { log: (message) => logged.push(message) });
  server.serve(listener);
  const client = createClient(path);
  const peer = new RawPeer(connect(path));
  context.after(() => {
    client.close();
    peer.socket.destroy();
    server.close();
  });
  return { server, path, client, peer, logged };
}

export function request(
  method: string,
  payload = '',
  options: { service?: string; timeoutNano?: number } = {},
): Buffer {
  const { service = SERVICE, timeoutNano = 0 } = options;
  const head = encodeRequestHead(
    { service, method, timeoutNano, metadata: new Map() },
    Buffer.byteLength(payload),
  );
  return Buffer.concat([head, Buffer.from(payload)]);
}

/** A handler that ends when told to, and shows the contexts that it is called with. */
export function held(name: string): {
  implementation: Implementation;
  called: (count: number) => Promise<CallContext[]>;
  release: () => void;
} {
  const contexts: CallContext[] = [];
  let wake: () => void = () => undefined;
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    implementation: implement(unary(name), async (value, context) => {
      contexts.push(context);
      wake();
      await released;
      return value;
    }),
    async called(count) {
      while (contexts.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return contexts;
    },
    release,
  };
}
