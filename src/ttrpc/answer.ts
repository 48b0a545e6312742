import type { Connection } from './connection.js';
import { encodeResponseHead } from './envelope.js';
import { Flag, FrameType } from './frame.js';
import type { Invocation } from './invocation.js';
import { encodeResponse } from './invocation.js';
import { MESSAGE_LENGTH_MAX, UNSENT_HARD_MAX } from './limits.js';
import type { ServerCall } from './server-call.js';
import type { Implementation } from './service.js';
import { Code, StatusError } from './status.js';

type Method = Implementation['method'];

const EMPTY = Buffer.alloc(0);

/**
 * Runs a handler and sends what it returns, unless the call is over by then. Resolves when the handler has ended;
 * throws what the handler throws, and a StatusError for what cannot be sent: then the call is not answered yet.
 */
export async function answer(
  connection: Connection,
  call: ServerCall,
  method: Method,
  invocation: Invocation,
): Promise<void> {
  if (invocation.responses === 'one') {
    sendResponse(connection, call, method, await invocation.start());
  } else {
    await sendResponses(connection, call, method, invocation.start());
  }
}

function sendResponse(connection: Connection, call: ServerCall, method: Method, response: unknown): void {
  if (call.over) return;
  const payload = encodeResponse(method, response);
  const head = encodeResponseHead(payload.length);
  checkRoom(connection, method, head.length + payload.length);
  call.finish();
  connection.send(call.id, FrameType.Response, 0, head, payload);
}

async function sendResponses(
  connection: Connection,
  call: ServerCall,
  method: Method,
  responses: AsyncIterable<unknown>,
): Promise<void> {
  for await (const response of responses) {
    if (call.over) return;
    const payload = encodeResponse(method, response);
    checkRoom(connection, method, payload.length);
    connection.send(call.id, FrameType.Data, 0, EMPTY, payload);
    await connection.writable();
  }
  if (call.over) return;
  call.finish();
  connection.send(call.id, FrameType.Data, Flag.RemoteClosed | Flag.NoData, EMPTY, EMPTY);
}

/** Throws if the peer would discard the response for its length, or does not read what it was sent before. */
function checkRoom(connection: Connection, method: Method, length: number): void {
  if (length > MESSAGE_LENGTH_MAX) {
    const message = `response of ${method.name} has ${length} bytes, more than the ${MESSAGE_LENGTH_MAX} of a frame`;
    throw new StatusError(Code.ResourceExhausted, message);
  }
  if (connection.unsent > UNSENT_HARD_MAX) {
    const message = `response of ${method.name} finds ${UNSENT_HARD_MAX} bytes of others not read by the client`;
    throw new StatusError(Code.ResourceExhausted, message);
  }
}
