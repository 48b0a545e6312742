import type { Socket } from 'node:net';
import { answer } from './answer.js';
import { Budget } from './budget.js';
import { Connection, type ConnectionOwner } from './connection.js';
import type { RequestEnvelope } from './envelope.js';
import { decodeRequest, encodeErrorResponse } from './envelope.js';
import { Flag, FrameType } from './frame.js';
import { prepare, type Invocation } from './invocation.js';
import { CALL_OVERHEAD, CONNECTION_BUDGET, MESSAGE_LENGTH_MAX, METADATA_OVERHEAD } from './limits.js';
import { ServerCall } from './server-call.js';
import type { Implementation, Service } from './service.js';
import { ClosedError, Code, messageOf, shown, StatusError, statusOf } from './status.js';
import { Timer } from './timer.js';

const NANOSECONDS_PER_MILLISECOND = 1e6;
const EMPTY = Buffer.alloc(0);

/** What a connection needs of the server that accepted it. */
export interface ServerConnectionHost {
  readonly services: ReadonlyMap<string, Service>;
  log(message: string): void;
  closed(connection: ServerConnection): void;
}

/**
 * The server's side of one connection: turns requests into running handlers, and what these return into answers.
 * The state of one connection is never another's: what a peer does wrong, it does to itself.
 */
export class ServerConnection implements ConnectionOwner {
  readonly #host: ServerConnectionHost;
  readonly #connection: Connection;
  readonly #budget = new Budget(CONNECTION_BUDGET);
  /** The calls not yet answered, by stream id. */
  readonly #calls = new Map<number, ServerCall>();
  #lastStreamId = 0;
  #running = 0;
  #draining = false;

  constructor(socket: Socket, host: ServerConnectionHost) {
    this.#host = host;
    this.#connection = new Connection(socket, this, { pauseWhenFull: true });
  }

  /** Takes no new request, and closes as soon as no handler is running. */
  drain(): void {
    this.#draining = true;
    if (this.#running === 0) this.#connection.finish();
  }

  /** Closes at once and cancels the handlers. */
  destroy(): void {
    this.#connection.destroy();
  }

  frame(streamId: number, type: number, flags: number, data: Buffer): void {
    if (streamId % 2 === 0) {
      this.#refuse(streamId, Code.InvalidArgument, `stream id ${streamId} is even, thus not a client's`);
    } else if (type === FrameType.Data) {
      this.#data(streamId, flags, data);
    } else if (type === FrameType.Request) {
      this.#request(streamId, flags, data);
    }
    // Other types are for a later version of the protocol to use.
  }

  oversized(streamId: number, length: number): void {
    const message = `message has ${length} bytes, more than the ${MESSAGE_LENGTH_MAX} of a frame`;
    this.#refuse(streamId, Code.ResourceExhausted, message);
  }

  closed(error: Error | undefined): void {
    const reason = new ClosedError('the connection ended before the call did', { cause: error });
    for (const call of this.#calls.values()) call.cancel(reason);
    this.#calls.clear();
    this.#host.closed(this);
  }

  #data(streamId: number, flags: number, data: Buffer): void {
    const call = this.#calls.get(streamId);
    const inbox = call?.inbox;
    // A client that does not stream may still say that it sends no more.
    if (call?.streaming === true && inbox === undefined && (flags & Flag.NoData) !== 0) return;
    if (call === undefined || inbox === undefined) {
      this.#refuse(streamId, Code.InvalidArgument, `stream ${streamId} is not open for data`);
      return;
    }
    if ((flags & Flag.NoData) === 0) {
      if (call.remoteClosed) {
        this.#refuse(streamId, Code.InvalidArgument, `data on stream ${streamId} after its client closed it`);
        return;
      }
      if (!inbox.push(data)) {
        this.#refuse(
          streamId,
          Code.ResourceExhausted,
          `stream ${streamId} has too many messages not consumed`,
        );
        return;
      }
    }
    if ((flags & Flag.RemoteClosed) !== 0) call.closeRemote();
  }

  #request(streamId: number, flags: number, data: Buffer): void {
    if (streamId <= this.#lastStreamId) {
      const message = `stream id ${streamId} is not greater than ${this.#lastStreamId}, the last one`;
      this.#refuse(streamId, Code.InvalidArgument, message);
      return;
    }
    this.#lastStreamId = streamId;
    let request: RequestEnvelope;
    try {
      request = decodeRequest(data);
    } catch (thrown) {
      this.#refuse(streamId, Code.InvalidArgument, `undecodable request: ${messageOf(thrown)}`);
      return;
    }
    const service = this.#host.services.get(request.service);
    const implementation = service?.methods.get(request.method);
    if (service === undefined) {
      this.#refuse(streamId, Code.Unimplemented, `service ${shown(request.service)}`);
    } else if (implementation === undefined) {
      this.#refuse(streamId, Code.Unimplemented, `method ${shown(request.method)}`);
    } else if (this.#draining) {
      this.#refuse(streamId, Code.Unavailable, 'the server is shutting down');
    } else if (request.timeoutNano < 0) {
      this.#refuse(streamId, Code.DeadlineExceeded, `deadline of ${request.method} had passed when it came`);
    } else {
      this.#start(streamId, flags, request, implementation, data.length);
    }
  }

  #start(
    streamId: number,
    flags: number,
    request: RequestEnvelope,
    implementation: Implementation,
    length: number,
  ): void {
    const { method } = implementation;
    const { payload, metadata } = request;
    const timeout = request.timeoutNano / NANOSECONDS_PER_MILLISECOND;
    const deadline = timeout === 0 ? undefined : Date.now() + timeout;
    const cost = length + CALL_OVERHEAD + metadata.size * METADATA_OVERHEAD;
    if (!this.#budget.take(cost)) {
      this.#refuse(
        streamId,
        Code.ResourceExhausted,
        'too many requests are being handled on this connection',
      );
      return;
    }
    const call = new ServerCall(streamId, method.kind !== 'unary', metadata, deadline);
    let invocation: Invocation;
    try {
      invocation = prepare(implementation, call, payload, flags, this.#budget);
    } catch (thrown) {
      this.#budget.give(cost);
      const error = statusOf(thrown);
      this.#refuse(streamId, error.code, error.message);
      return;
    }
    this.#calls.set(streamId, call);
    this.#running += 1;
    if (deadline !== undefined) {
      call.timer = new Timer(timeout, () => {
        this.#fail(
          call,
          new StatusError(Code.DeadlineExceeded, `${method.name} took more than ${timeout} ms`),
        );
      });
    }
    void this.#run(call, method, invocation).then(() => {
      this.#running -= 1;
      this.#budget.give(cost);
      if (this.#draining && this.#running === 0) this.#connection.finish();
    });
  }

  /** Resolves, always, when the handler has ended and the call is answered. */
  async #run(call: ServerCall, method: Implementation['method'], invocation: Invocation): Promise<void> {
    try {
      await answer(this.#connection, call, method, invocation);
      this.#calls.delete(call.id);
    } catch (thrown) {
      if (!call.over) this.#fail(call, statusOf(thrown));
      else if (!call.explains(thrown)) {
        this.#host.log(`${method.name} failed after its call was over: ${messageOf(thrown)}`);
      }
    }
  }

  /** Answers a frame that starts no call. If it belongs to a stream, that one has lost a message, and ends. */
  #refuse(streamId: number, code: Code, message: string): void {
    const call = this.#calls.get(streamId);
    if (call?.streaming === true) this.#fail(call, new StatusError(code, message));
    else this.#sendError(streamId, code, message);
  }

  #fail(call: ServerCall, error: StatusError): void {
    call.cancel(error);
    this.#calls.delete(call.id);
    this.#sendError(call.id, error.code, error.message);
  }

  #sendError(streamId: number, code: Code, message: string): void {
    this.#connection.send(streamId, FrameType.Response, 0, encodeErrorResponse(code, message), EMPTY);
  }
}
