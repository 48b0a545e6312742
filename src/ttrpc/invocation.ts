import { Budget } from './budget.js';
import { Flag } from './frame.js';
import { Inbox } from './inbox.js';
import { STREAM_WINDOW } from './limits.js';
import type { ServerCall } from './server-call.js';
import type {
  BidiStreamingImplementation,
  ClientStreamingImplementation,
  Codec,
  Implementation,
  ServerStreamingImplementation,
  UnaryImplementation,
} from './service.js';
import { Code, messageOf, StatusError } from './status.js';

/** A handler with its input, ready to be called, once. */
export type Invocation =
  | { readonly responses: 'one'; start(): unknown }
  | { readonly responses: 'many'; start(): AsyncIterable<unknown> };

/**
 * Decodes the first message, or opens the call's inbox if its client streams; what the inbox holds counts against
 * the budget. Throws a StatusError, Internal, on a payload that its codec refuses. Keeps no view of the payload.
 */
export function prepare(
  implementation: Implementation,
  call: ServerCall,
  payload: Buffer,
  flags: number,
  budget: Budget,
): Invocation {
  if (isUnary(implementation)) {
    const request = decode(implementation.method.request, payload);
    return { responses: 'one', start: () => implementation.handler(request, call) };
  }
  if (isServerStreaming(implementation)) {
    const request = decode(implementation.method.request, payload);
    return { responses: 'many', start: () => implementation.handler(request, call) };
  }
  const requests = openInbox(implementation.method.request, call, payload, flags, budget);
  if (isClientStreaming(implementation)) {
    return { responses: 'one', start: () => implementation.handler(requests, call) };
  }
  return { responses: 'many', start: () => implementation.handler(requests, call) };
}

/** The bytes of what a handler returned. Throws a StatusError if that is nothing, or the codec refuses it. */
export function encodeResponse(method: Implementation['method'], response: unknown): Uint8Array {
  if (response === undefined || response === null) {
    throw new StatusError(Code.Unknown, `the handler of ${method.name} returned nothing`);
  }
  try {
    return method.response.encode(response);
  } catch (thrown) {
    const message = `unencodable response of ${method.name}: ${messageOf(thrown)}`;
    throw new StatusError(Code.Internal, message, { cause: thrown });
  }
}

function openInbox(
  codec: Codec<unknown>,
  call: ServerCall,
  payload: Buffer,
  flags: number,
  budget: Budget,
): Inbox<unknown> {
  const inbox = new Inbox((bytes) => decode(codec, bytes), new Budget(STREAM_WINDOW, budget));
  call.inbox = inbox;
  if (payload.length > 0 && !inbox.push(payload)) {
    throw new StatusError(Code.ResourceExhausted, 'too many messages of this connection are not consumed');
  }
  if ((flags & Flag.RemoteClosed) !== 0) call.closeRemote();
  return inbox;
}

function decode(codec: Codec<unknown>, bytes: Buffer): unknown {
  try {
    return codec.decode(bytes);
  } catch (thrown) {
    throw new StatusError(Code.Internal, `undecodable payload: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function isUnary(implementation: Implementation): implementation is UnaryImplementation {
  return implementation.method.kind === 'unary';
}

function isServerStreaming(implementation: Implementation): implementation is ServerStreamingImplementation {
  return implementation.method.kind === 'server-streaming';
}

function isClientStreaming(
  implementation: ClientStreamingImplementation | BidiStreamingImplementation,
): implementation is ClientStreamingImplementation {
  return implementation.method.kind === 'client-streaming';
}
