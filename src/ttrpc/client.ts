import { connect, type Socket } from 'node:net';
import { Budget } from './budget.js';
import type { SentCall } from './client-connection.js';
import { ClientConnection } from './client-connection.js';
import { Flag } from './frame.js';
import { Inbox } from './inbox.js';
import { STREAM_WINDOW } from './limits.js';
import type { CallOptions, OpenCall } from './open-call.js';
import { decoder, manyResponses, oneResponse } from './receivers.js';
import type {
  BidiStreamingMethod,
  ClientStreamingMethod,
  Codec,
  ServerStreamingMethod,
  UnaryMethod,
} from './service.js';
import { ClosedError } from './status.js';

const EMPTY = Buffer.alloc(0);

/** Messages to send, in order. A stream of them is asked for no more once its call is over. */
export type Outgoing<T> = AsyncIterable<T> | Iterable<T>;

/**
 * Makes calls over one connection, any number at once. A call fails with a StatusError, which the server or this
 * client made, or with a ClosedError if the connection ended first; what encodes or makes the requests may throw what
 * it will. Streams that come back are iterated once, and start at once: what forbids that is thrown at once. A consumer more than 8 MiB of messages behind loses its stream
 * (ResourceExhausted), so that it never delays another's.
 */
export interface Client {
  call<Req, Res>(
    service: string,
    method: UnaryMethod<Req, Res>,
    request: Req,
    options?: CallOptions,
  ): Promise<Res>;
  serverStream<Req, Res>(
    service: string,
    method: ServerStreamingMethod<Req, Res>,
    request: Req,
    options?: CallOptions,
  ): AsyncIterableIterator<Res, undefined>;
  clientStream<Req, Res>(
    service: string,
    method: ClientStreamingMethod<Req, Res>,
    requests: Outgoing<Req>,
    options?: CallOptions,
  ): Promise<Res>;
  bidiStream<Req, Res>(
    service: string,
    method: BidiStreamingMethod<Req, Res>,
    requests: Outgoing<Req>,
    options?: CallOptions,
  ): AsyncIterableIterator<Res, undefined>;
  /** Fails all pending calls with ClosedError and closes the connection, without waiting for what is unsent. */
  close(): void;
  /** Resolves, whatever the reason, when the connection is over and all pending calls have failed. */
  readonly closed: Promise<void>;
  /** Calls not yet answered. */
  readonly pending: number;
}

export interface ClientOptions {
  /** Told of frames dropped because nobody waits for them, as late answers to calls given up. */
  readonly log?: (message: string) => void;
}

/** A client on this socket, which it owns from now on, or on a new one connected to the Unix socket at this path. */
export function createClient(target: Socket | string, options: ClientOptions = {}): Client {
  const socket = typeof target === 'string' ? connect(target) : target;
  return new SocketClient(socket, options.log ?? (() => undefined));
}

class SocketClient implements Client {
  readonly closed: Promise<void>;
  readonly #connection: ClientConnection;

  constructor(socket: Socket, log: (message: string) => void) {
    let resolveClosed: () => void = () => undefined;
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#connection = new ClientConnection(socket, log, resolveClosed);
  }

  get pending(): number {
    return this.#connection.pending;
  }

  call<Req, Res>(
    service: string,
    method: UnaryMethod<Req, Res>,
    request: Req,
    options: CallOptions = {},
  ): Promise<Res> {
    return new Promise((resolve, reject) => {
      const payload = method.request.encode(request);
      const receiver = oneResponse(decoder(method.response), resolve, reject);
      this.#connection.open({ service, method: method.name, flags: 0, payload }, options, receiver);
    });
  }

  serverStream<Req, Res>(
    service: string,
    method: ServerStreamingMethod<Req, Res>,
    request: Req,
    options: CallOptions = {},
  ): AsyncIterableIterator<Res, undefined> {
    const payload = method.request.encode(request);
    return this.#openStream(service, method, Flag.RemoteClosed, payload, options).responses;
  }

  clientStream<Req, Res>(
    service: string,
    method: ClientStreamingMethod<Req, Res>,
    requests: Outgoing<Req>,
    options: CallOptions = {},
  ): Promise<Res> {
    return new Promise((resolve, reject) => {
      const receiver = oneResponse(decoder(method.response), resolve, reject);
      const request = { service, method: method.name, flags: Flag.RemoteOpen, payload: EMPTY };
      const sent = this.#connection.open(request, options, receiver);
      void this.#sendAll(sent, method.request, requests);
    });
  }

  bidiStream<Req, Res>(
    service: string,
    method: BidiStreamingMethod<Req, Res>,
    requests: Outgoing<Req>,
    options: CallOptions = {},
  ): AsyncIterableIterator<Res, undefined> {
    const { sent, responses } = this.#openStream(service, method, Flag.RemoteOpen, EMPTY, options);
    void this.#sendAll(sent, method.request, requests);
    return responses;
  }

  close(): void {
    this.#connection.close(new ClosedError('closed by this client'));
  }

  #openStream<Req, Res>(
    service: string,
    method: ServerStreamingMethod<Req, Res> | BidiStreamingMethod<Req, Res>,
    flags: number,
    payload: Uint8Array,
    options: CallOptions,
  ): { sent: SentCall; responses: Inbox<Res> } {
    const responses = new Inbox(decoder(method.response), new Budget(STREAM_WINDOW), () => {
      sent.call.finish();
    });
    const receiver = manyResponses(responses, `${service}/${method.name}`);
    const sent = this.#connection.open({ service, method: method.name, flags, payload }, options, receiver);
    return { sent, responses };
  }

  /** Sends the messages and then that there are no more. What their source throws fails the call. */
  async #sendAll<Req>({ call, send }: SentCall, codec: Codec<Req>, requests: Outgoing<Req>): Promise<void> {
    try {
      for await (const request of requests) {
        if (isOver(call)) return;
        send(0, codec.encode(request));
        await this.#connection.writable();
        if (isOver(call)) return;
      }
      if (!isOver(call)) send(Flag.RemoteClosed | Flag.NoData, EMPTY);
    } catch (thrown) {
      call.fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }
}

function isOver(call: OpenCall): boolean {
  return call.over;
}
