import protobuf from 'protobufjs/minimal.js';
import { LENGTH_DELIMITED, readBytes, readInt64, readString, skip, tag, VARINT } from './fields.js';
import { METADATA_PAIRS_MAX, STATUS_MESSAGE_MAX } from './limits.js';
import type { Metadata } from './service.js';
import { Code, isCode, StatusError } from './status.js';

/**
 * The messages that carry a request or a response with its payload:
 *
 *   Request  { 1 string service, 2 string method, 3 bytes payload, 4 int64 timeout_nano, 5 repeated KeyValue metadata }
 *   KeyValue { 1 string key, 2 string value }
 *   Response { 1 google.rpc.Status status, 2 bytes payload }
 *   Status   { 1 int32 code, 2 string message, 3 repeated google.protobuf.Any details }
 *
 * An encoded envelope is its head, then its payload's bytes as they are: whoever writes it need not join the two.
 */
const EMPTY: Buffer = Buffer.alloc(0);
const NO_METADATA: Metadata = new Map();
const INT64_MAX = 2 ** 63;

/** What a client asks; timeoutNano is relative, 0 if it waits for ever, negative if it waits no more. */
export interface RequestEnvelope {
  readonly service: string;
  readonly method: string;
  readonly payload: Buffer;
  readonly timeoutNano: number;
  readonly metadata: Metadata;
}

/** What a server answers: an error or a payload. */
export interface ResponseEnvelope {
  readonly error: StatusError | undefined;
  readonly payload: Buffer;
}

/** The head of a request whose payload has this length. */
export function encodeRequestHead(
  request: Omit<RequestEnvelope, 'payload'>,
  payloadLength: number,
): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(tag(1, LENGTH_DELIMITED)).string(request.service);
  writer.uint32(tag(2, LENGTH_DELIMITED)).string(request.method);
  const { timeoutNano } = request;
  // 292 years and more do not fit the field: as good as no timeout.
  if (timeoutNano !== 0 && timeoutNano < INT64_MAX) writer.uint32(tag(4, VARINT)).int64(timeoutNano);
  for (const [key, values] of request.metadata) {
    for (const value of values) {
      writer.uint32(tag(5, LENGTH_DELIMITED)).fork();
      writer.uint32(tag(1, LENGTH_DELIMITED)).string(key.toLowerCase());
      writer.uint32(tag(2, LENGTH_DELIMITED)).string(value);
      writer.ldelim();
    }
  }
  return payloadHead(writer, 3, payloadLength);
}

/** The head of a response that says OK and whose payload has this length. */
export function encodeResponseHead(payloadLength: number): Uint8Array {
  // An empty status rather than none, as the first clients took a missing one for an error.
  const writer = protobuf.Writer.create().uint32(tag(1, LENGTH_DELIMITED)).uint32(0);
  return payloadHead(writer, 2, payloadLength);
}

/** A whole response that says what went wrong. The code is not OK; a very long message is cut. */
export function encodeErrorResponse(code: Code, text: string): Uint8Array {
  const message = text.slice(0, STATUS_MESSAGE_MAX);
  const writer = protobuf.Writer.create().uint32(tag(1, LENGTH_DELIMITED)).fork();
  writer.uint32(tag(1, VARINT)).int32(code);
  // Buffer.from replaces halves of surrogate pairs; Writer.string would send what is not UTF-8.
  if (message !== '') writer.uint32(tag(2, LENGTH_DELIMITED)).bytes(Buffer.from(message));
  return writer.ldelim().finish();
}

/** Throws on bytes that are no Request, and on strings that are not UTF-8. Unknown fields are skipped. */
export function decodeRequest(bytes: Buffer): RequestEnvelope {
  const reader = protobuf.Reader.create(bytes);
  let service = '';
  let method = '';
  let payload = EMPTY;
  let timeoutNano = 0;
  let metadata: Map<string, string[]> | undefined;
  let pairs = 0;
  while (reader.pos < reader.len) {
    const next = reader.uint32();
    switch (next) {
      case tag(1, LENGTH_DELIMITED):
        service = readString(reader);
        break;
      case tag(2, LENGTH_DELIMITED):
        method = readString(reader);
        break;
      case tag(3, LENGTH_DELIMITED):
        payload = readBytes(reader);
        break;
      case tag(4, VARINT):
        timeoutNano = readInt64(reader);
        break;
      case tag(5, LENGTH_DELIMITED): {
        pairs += 1;
        if (pairs > METADATA_PAIRS_MAX) throw new Error(`more than ${METADATA_PAIRS_MAX} metadata pairs`);
        const [key, value] = decodeKeyValue(reader);
        metadata ??= new Map<string, string[]>();
        const values = metadata.get(key);
        if (values === undefined) metadata.set(key, [value]);
        else values.push(value);
        break;
      }
      default:
        skip(reader, next);
    }
  }
  return { service, method, payload, timeoutNano, metadata: metadata ?? NO_METADATA };
}

/** Throws on bytes that are no Response. A code that google.rpc does not know is Unknown. */
export function decodeResponse(bytes: Buffer): ResponseEnvelope {
  const reader = protobuf.Reader.create(bytes);
  let error: StatusError | undefined;
  let payload = EMPTY;
  while (reader.pos < reader.len) {
    const next = reader.uint32();
    switch (next) {
      case tag(1, LENGTH_DELIMITED):
        error = decodeStatus(reader);
        break;
      case tag(2, LENGTH_DELIMITED):
        payload = readBytes(reader);
        break;
      default:
        skip(reader, next);
    }
  }
  return { error, payload };
}

function decodeStatus(outer: protobuf.Reader): StatusError | undefined {
  const reader = protobuf.Reader.create(readBytes(outer));
  let code = 0;
  let message = '';
  while (reader.pos < reader.len) {
    const next = reader.uint32();
    switch (next) {
      case tag(1, VARINT):
        code = readInt64(reader) | 0;
        break;
      case tag(2, LENGTH_DELIMITED):
        message = readString(reader);
        break;
      default:
        skip(reader, next);
    }
  }
  if (code === Code.OK) return undefined;
  return isCode(code)
    ? new StatusError(code, message)
    : new StatusError(Code.Unknown, `${message} (status code ${code})`);
}

function decodeKeyValue(outer: protobuf.Reader): [key: string, value: string] {
  const reader = protobuf.Reader.create(readBytes(outer));
  let key = '';
  let value = '';
  while (reader.pos < reader.len) {
    const next = reader.uint32();
    switch (next) {
      case tag(1, LENGTH_DELIMITED):
        key = readString(reader);
        break;
      case tag(2, LENGTH_DELIMITED):
        value = readString(reader);
        break;
      default:
        skip(reader, next);
    }
  }
  return [key.toLowerCase(), value];
}

function payloadHead(writer: protobuf.Writer, field: number, length: number): Uint8Array {
  // An empty payload is left out: present, it would be the first message of a stream of requests.
  if (length > 0) writer.uint32(tag(field, LENGTH_DELIMITED)).uint32(length);
  return writer.finish();
}
