import type { Socket } from 'node:net';
import type { ConnectionOwner } from './connection.js';
import { Connection } from './connection.js';
import { decodeResponse, encodeRequestHead } from './envelope.js';
import { FrameType } from './frame.js';
import { MESSAGE_LENGTH_MAX } from './limits.js';
import type { CallOptions, CallReceiver } from './open-call.js';
import { checkOptions, OpenCall } from './open-call.js';
import type { Metadata } from './service.js';
import { ClosedError, Code, messageOf, StatusError } from './status.js';

const STREAM_ID_MAX = 2 ** 32 - 1;
const NANOSECONDS_PER_MILLISECOND = 1e6;
const EMPTY = Buffer.alloc(0);
const NO_METADATA: Metadata = new Map();

/** The request frame of a call. */
export interface OutgoingRequest {
  readonly service: string;
  readonly method: string;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** A call that was sent, on the stream that it has for its own. */
export interface SentCall {
  readonly call: OpenCall;
  /** Sends a data frame on the stream. Throws a StatusError, ResourceExhausted, if it is too long for one. */
  readonly send: (flags: number, payload: Uint8Array) => void;
}

/** The client's side of a connection: numbers the calls, and hands what arrives to the call that it is for. */
export class ClientConnection implements ConnectionOwner {
  readonly #connection: Connection;
  readonly #log: (message: string) => void;
  readonly #ended: () => void;
  readonly #calls = new Map<number, OpenCall>();
  #nextStreamId: number;
  #closed: ClosedError | undefined;

  /** `ended` is called once, when the connection is over and all calls have failed. */
  constructor(socket: Socket, log: (message: string) => void, ended: () => void, firstStreamId = 1) {
    this.#nextStreamId = firstStreamId;
    this.#log = log;
    this.#ended = ended;
    this.#connection = new Connection(socket, this, { pauseWhenFull: false });
  }

  /** Calls not yet answered. */
  get pending(): number {
    return this.#calls.size;
  }

  /** Sends a request. Throws, without having sent it, if the connection is over or the options forbid it. */
  open(request: OutgoingRequest, options: CallOptions, receiver: CallReceiver): SentCall {
    const name = `${request.service}/${request.method}`;
    checkOptions(name, options);
    if (this.#closed !== undefined) throw closedError(name, this.#closed);
    const head = encodeRequestHead(
      {
        service: request.service,
        method: request.method,
        timeoutNano: nanoseconds(options.timeoutMs),
        metadata: options.metadata ?? NO_METADATA,
      },
      request.payload.length,
    );
    checkLength(name, head.length + request.payload.length);
    const streamId = this.#takeStreamId(name);
    this.#connection.send(streamId, FrameType.Request, request.flags, head, request.payload);
    const call = new OpenCall(name, options, receiver, () => {
      this.#calls.delete(streamId);
    });
    this.#calls.set(streamId, call);
    const send = (flags: number, payload: Uint8Array): void => {
      checkLength(name, payload.length);
      this.#connection.send(streamId, FrameType.Data, flags, EMPTY, payload);
    };
    return { call, send };
  }

  /** Resolves when there is room for more to send, or the connection is over. */
  writable(): Promise<void> {
    return this.#connection.writable();
  }

  /** Fails what is pending and closes at once. */
  close(error: ClosedError): void {
    this.#fail(error);
    this.#connection.destroy();
  }

  frame(streamId: number, type: number, flags: number, data: Buffer): void {
    const call = this.#calls.get(streamId);
    if (call === undefined) {
      // Such are the late answers to calls given up, as the server cannot be told.
      this.#log(`dropped a frame of ${data.length} bytes for stream ${streamId}, which is not open`);
      return;
    }
    try {
      if (type === FrameType.Response) receiveResponse(call, data);
      else if (type === FrameType.Data && call.receiver.data(data, flags)) call.finish();
    } catch (thrown) {
      call.fail(
        thrown instanceof StatusError
          ? thrown
          : new StatusError(Code.Internal, `undecodable answer to ${call.name}: ${messageOf(thrown)}`, {
              cause: thrown,
            }),
      );
    }
  }

  oversized(streamId: number, length: number): void {
    const call = this.#calls.get(streamId);
    if (call === undefined) this.#log(`dropped an answer of ${length} bytes on stream ${streamId}`);
    else call.fail(tooLong(`answer to ${call.name}`, length));
  }

  closed(error: Error | undefined): void {
    this.#fail(new ClosedError(error?.message ?? 'the server closed the connection', { cause: error }));
    this.#ended();
  }

  #fail(error: ClosedError): void {
    this.#closed ??= error;
    for (const call of [...this.#calls.values()]) call.fail(closedError(call.name, this.#closed));
  }

  #takeStreamId(name: string): number {
    const streamId = this.#nextStreamId;
    if (streamId > STREAM_ID_MAX) {
      const error = new ClosedError('all stream ids of the connection are used');
      this.close(error);
      throw closedError(name, error);
    }
    this.#nextStreamId = streamId + 2;
    return streamId;
  }
}

function receiveResponse(call: OpenCall, data: Buffer): void {
  const { error, payload } = decodeResponse(data);
  if (error !== undefined) {
    call.fail(error);
    return;
  }
  call.receiver.response(payload);
  call.finish();
}

/** What goes into timeout_nano: 0 for no timeout, and else never 0. */
function nanoseconds(timeoutMs: number | undefined): number {
  if (timeoutMs === undefined || timeoutMs === Infinity) return 0;
  return Math.max(1, Math.round(timeoutMs * NANOSECONDS_PER_MILLISECOND));
}

function checkLength(name: string, length: number): void {
  if (length > MESSAGE_LENGTH_MAX) throw tooLong(`message of ${name}`, length);
}

function tooLong(what: string, length: number): StatusError {
  const message = `${what} has ${length} bytes, more than the ${MESSAGE_LENGTH_MAX} of a frame`;
  return new StatusError(Code.ResourceExhausted, message);
}

function closedError(name: string, why: ClosedError): ClosedError {
  return new ClosedError(`${name}: connection closed: ${why.message}`, { cause: why });
}
