import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import protobuf from 'protobufjs';
import {
  decodeRequest,
  decodeResponse,
  encodeErrorResponse,
  encodeRequestHead,
  encodeResponseHead,
} from '../../src/ttrpc/envelope.js';
import { METADATA_PAIRS_MAX, STATUS_MESSAGE_MAX } from '../../src/ttrpc/limits.js';
import { Code } from '../../src/ttrpc/status.js';

// The same messages, by the library's own encoder.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request {
    string service = 1; string method = 2; bytes payload = 3; int64 timeout_nano = 4; repeated KeyValue metadata = 5;
  }
  message KeyValue { string key = 1; string value = 2; }
  message Response { Status status = 1; bytes payload = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Any { string type_url = 1; bytes value = 2; }
`);
const Request = root.lookupType('Request');
const Response = root.lookupType('Response');

function encode(type: protobuf.Type, value: object): Buffer {
  return Buffer.from(type.encode(type.fromObject(value)).finish());
}

suite('Request', () => {
  const payload = Buffer.from([1, 2, 3]);
  const request = {
    service: 'a.B',
    method: 'Gö',
    payload,
    timeoutNano: 1_500_000_000,
    metadata: [
      { key: 'k', value: 'v' },
      { key: 'K', value: 'w' },
      { key: '', value: '' },
    ],
  };
  const metadata = new Map([
    ['k', ['v', 'w']],
    ['', ['']],
  ]);

  test('is decoded', () => {
    assert.deepEqual(decodeRequest(encode(Request, request)), { ...request, metadata });
    assert.deepEqual(decodeRequest(Buffer.alloc(0)), {
      service: '',
      method: '',
      payload: Buffer.alloc(0),
      timeoutNano: 0,
      metadata: new Map(),
    });
  });

  test('is encoded as the library would, but for the order of its fields', () => {
    const mixedCase = new Map([...metadata].map(([key, values]) => [key.toUpperCase(), values]));
    const head = encodeRequestHead({ ...request, metadata: mixedCase }, payload.length);
    const decoded = Request.toObject(Request.decode(Buffer.concat([head, payload])), { longs: Number });
    assert.deepEqual(decoded, {
      ...request,
      metadata: [
        { key: 'k', value: 'v' },
        { key: 'k', value: 'w' },
        { key: '', value: '' },
      ],
    });
  });

  test('leaves out what is empty', () => {
    const head = encodeRequestHead({ service: 's', method: 'm', timeoutNano: 0, metadata: new Map() }, 0);
    assert.deepEqual(Buffer.from(head), Buffer.from([0x0a, 1, 0x73, 0x12, 1, 0x6d]));
  });

  for (const timeoutNano of [-1, 1, -(2 ** 62), 2 ** 62, Number.MAX_SAFE_INTEGER]) {
    test(`carries a timeout of ${timeoutNano} ns`, () => {
      const head = encodeRequestHead({ service: '', method: '', timeoutNano, metadata: new Map() }, 0);
      assert.equal(decodeRequest(Buffer.from(head)).timeoutNano, timeoutNano);
    });
  }

  test('has no timeout when it does not fit', () => {
    const head = encodeRequestHead({ service: '', method: '', timeoutNano: 2 ** 63, metadata: new Map() }, 0);
    assert.equal(decodeRequest(Buffer.from(head)).timeoutNano, 0);
  });

  test('takes the last of a repeated field and skips unknown ones, of every wire type', () => {
    const unknown = Buffer.from([0x30, 0xff, 0x01, 0x39, ...Buffer.alloc(8), 0x42, 1, 0, 0x4d, 0, 0, 0, 0]);
    const group = Buffer.from([0x53, 0x30, 0x01, 0x54]);
    const wrongType = Buffer.from([0x08, 0x05, 0x22, 0x01, 0x00]);
    const bytes = Buffer.concat([
      encode(Request, { service: 'first' }),
      unknown,
      group,
      wrongType,
      encode(Request, { service: 'last' }),
    ]);
    assert.equal(decodeRequest(bytes).service, 'last');
  });

  const hostile: [why: string, bytes: Buffer][] = [
    ['a length beyond the end', Buffer.from([0x0a, 5, 0x61])],
    ['a cut tag', Buffer.from([0x80])],
    ['a cut varint', Buffer.from([0x20, 0x80, 0x80, 0x80, 0x80])],
    ['an endless varint', Buffer.from([0x20, ...Buffer.alloc(20, 0xff)])],
    ['a length of 4 GiB', Buffer.from([0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0])],
    ['field number 0', Buffer.from([0x02, 0x00])],
    ['wire type 7', Buffer.from([0x37])],
    ['an end of no group', Buffer.from([0x34])],
    ['an endless group', Buffer.from([0x33])],
    ['groups 100,000 deep', Buffer.alloc(100_000, 0x33)],
    ['a service that is not UTF-8', Buffer.from([0x0a, 2, 0xc3, 0x28])],
    ['a metadata value that is not UTF-8', Buffer.from([0x2a, 3, 0x12, 1, 0xff])],
    ['a cut metadata pair', Buffer.from([0x2a, 2, 0x0a, 9])],
  ];
  for (const [why, bytes] of hostile) {
    test(`is refused with ${why}`, () => {
      assert.throws(() => decodeRequest(bytes), Error);
    });
  }

  test('may hold the replacement character itself', () => {
    assert.equal(decodeRequest(encode(Request, { service: 'a\ufffdb' })).service, 'a\ufffdb');
  });

  test('is refused with too many metadata pairs', () => {
    const pair = Buffer.from([0x2a, 0]);
    const pairs = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => pair));
    assert.equal(decodeRequest(pairs(METADATA_PAIRS_MAX)).metadata.get('')?.length, METADATA_PAIRS_MAX);
    assert.throws(() => decodeRequest(pairs(METADATA_PAIRS_MAX + 1)), /metadata pairs/);
  });
});

suite('Response', () => {
  test('that says OK has an empty status', () => {
    assert.deepEqual(Buffer.from(encodeResponseHead(0)), Buffer.from([0x0a, 0]));
    const payload = Buffer.from('payload');
    const bytes = Buffer.concat([encodeResponseHead(payload.length), payload]);
    assert.deepEqual(bytes, Buffer.from([0x0a, 0, 0x12, 7, ...payload]));
    assert.deepEqual(decodeResponse(bytes), { error: undefined, payload });
  });

  test('may say OK with no status, or with code 0', () => {
    assert.equal(decodeResponse(Buffer.alloc(0)).error, undefined);
    assert.equal(decodeResponse(Buffer.from([0x0a, 2, 0x08, 0])).error, undefined);
  });

  test('carries code and message of an error; details are skipped', () => {
    const status = {
      code: 5,
      message: 'no such täsk',
      details: [{ type_url: 'x', value: Buffer.from('y') }],
    };
    const { error } = decodeResponse(encode(Response, { status }));
    assert.deepEqual([error?.code, error?.message], [Code.NotFound, 'no such täsk']);
    const ours = Response.toObject(Response.decode(encodeErrorResponse(Code.NotFound, 'no such täsk')));
    assert.deepEqual(ours, { status: { code: 5, message: 'no such täsk' } });
  });

  for (const code of [-1, 17, 2 ** 31 - 1, -(2 ** 31)]) {
    test(`with code ${code} is Unknown`, () => {
      const { error } = decodeResponse(encode(Response, { status: { code, message: 'm' } }));
      assert.deepEqual([error?.code, error?.message], [Code.Unknown, `m (status code ${code})`]);
    });
  }

  test('cuts a very long message, and sends UTF-8 only', () => {
    const long = decodeResponse(Buffer.from(encodeErrorResponse(Code.Internal, 'x'.repeat(5 << 20))));
    assert.equal(long.error?.message.length, STATUS_MESSAGE_MAX);
    const halfPair = decodeResponse(Buffer.from(encodeErrorResponse(Code.Internal, '\ud83d')));
    assert.equal(halfPair.error?.message, '\ufffd');
  });

  test('is refused if it is none', () => {
    assert.throws(() => decodeResponse(Buffer.from([0x0a, 5, 0x08])), Error);
    assert.throws(() => decodeResponse(Buffer.from([0x12, 1])), Error);
  });
});
