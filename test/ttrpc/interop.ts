import protobuf from 'protobufjs/minimal.js';
import type { Codec, Service } from '../../src/ttrpc/service.js';
import { createService, implement } from '../../src/ttrpc/service.js';
import { Code, isCode, StatusError } from '../../src/ttrpc/status.js';

/** The service that test/ttrpc/go/server.go has too; its comment says what each method does. */
export const serviceName = 'interop.Test';

const LENGTH_DELIMITED = (1 << 3) | 2;
const VARINT = 1 << 3;

/** google.protobuf.Empty */
const empty: Codec<object> = {
  encode: () => Buffer.alloc(0),
  decode: () => ({}),
};

/** A message whose field 1 is the value, as those of google/protobuf/wrappers.proto are. */
function wrapper<T>(
  wireTag: number,
  none: T,
  write: (writer: protobuf.Writer, value: T) => void,
  read: (reader: protobuf.Reader) => T,
): Codec<T> {
  return {
    encode(value) {
      const writer = protobuf.Writer.create();
      if (value !== none) write(writer.uint32(wireTag), value);
      return writer.finish();
    },
    decode(bytes) {
      const reader = protobuf.Reader.create(bytes);
      let value = none;
      while (reader.pos < reader.len) {
        const tag = reader.uint32();
        if (tag === wireTag) value = read(reader);
        else reader.skipType(tag & 7);
      }
      return value;
    },
  };
}

const noBytes: Uint8Array = Buffer.alloc(0);
const bytesValue = wrapper(
  LENGTH_DELIMITED,
  noBytes,
  (writer, value) => writer.bytes(value),
  (reader) => reader.bytes(),
);
const stringValue = wrapper(
  LENGTH_DELIMITED,
  '',
  (writer, value) => writer.string(value),
  (reader) => reader.string(),
);
const uint32Value = wrapper(
  VARINT,
  0,
  (writer, value) => writer.uint32(value),
  (reader) => reader.uint32(),
);

export const methods = {
  echo: { kind: 'unary', name: 'Echo', request: bytesValue, response: bytesValue },
  nothing: { kind: 'unary', name: 'Nothing', request: empty, response: empty },
  fail: { kind: 'unary', name: 'Fail', request: stringValue, response: empty },
  plain: { kind: 'unary', name: 'Plain', request: stringValue, response: empty },
  metadata: { kind: 'unary', name: 'Metadata', request: stringValue, response: stringValue },
  wait: { kind: 'unary', name: 'Wait', request: empty, response: empty },
  zeros: { kind: 'unary', name: 'Zeros', request: uint32Value, response: bytesValue },
  count: { kind: 'server-streaming', name: 'Count', request: uint32Value, response: stringValue },
  join: { kind: 'client-streaming', name: 'Join', request: stringValue, response: stringValue },
  chat: { kind: 'bidi-streaming', name: 'Chat', request: stringValue, response: stringValue },
} as const;

/** Our side of the service. */
export function interopService(): Service {
  return createService(serviceName, [
    implement(methods.echo, (request) => request),
    implement(methods.nothing, (request) => request),
    implement(methods.fail, (message) => {
      const code = message.length;
      throw isCode(code) ? new StatusError(code, message) : new RangeError(`${code} is no code`);
    }),
    implement(methods.plain, (message) => {
      throw new Error(message);
    }),
    implement(methods.metadata, (name, { metadata }) => metadata.get(name)?.join() ?? ''),
    implement(methods.wait, (_request, { signal }) => rejectWhenAborted(signal)),
    implement(methods.zeros, (length) => Buffer.alloc(length)),
    implement(methods.count, async function* (n) {
      for (let i = 0; i < n; i += 1) {
        if (i === 100) throw new StatusError(Code.OutOfRange, 'counts to 100');
        yield await Promise.resolve(String(i));
      }
    }),
    implement(methods.join, async (requests) => {
      let all = '';
      for await (const request of requests) all += request;
      return all;
    }),
    implement(methods.chat, async function* (requests) {
      for await (const request of requests) {
        if (request === 'fail') throw new StatusError(Code.Aborted, 'as asked');
        yield `${request}!`;
      }
    }),
  ]);
}

/** Never resolves; rejects with the signal's reason, once it has one. */
export function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
