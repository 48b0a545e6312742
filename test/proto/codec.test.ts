import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DecodeError, type MessageType } from '../../src/proto/codec.js';
import { Metrics as MetricsV1 } from '../../src/proto/generated/cgroups-v1.js';
import { Metrics as MetricsV2, PidsStat } from '../../src/proto/generated/cgroups-v2.js';
import {
  CreateTaskRequest,
  Empty,
  ForwardRequest,
  Options,
  PidsResponse,
  RuntimeInfo,
  StateResponse,
  Status,
  TaskExit,
  Timestamp,
  UpdateTaskRequest,
} from '../../src/proto/generated/messages.js';
import { UINT64_MAX } from '../../src/proto/int64.js';

// By hand from the encoding's definition: a tag is (field number << 3 | wire type); 0 is a varint, 2 has a length.
function vector<T>(type: MessageType<T>, value: Partial<T>, ...bytes: (number | string)[]): void {
  const wire = Buffer.concat(
    bytes.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))),
  );
  test(`bytes of ${type.typeName}`, () => {
    assert.equal(Buffer.from(type.encode(value)).toString('hex'), wire.toString('hex'));
    const decoded = type.decode(wire);
    for (const field of Object.keys(value) as (keyof T)[]) assert.deepEqual(decoded[field], value[field]);
  });
}

suite('vectors', () => {
  vector(Empty, {});
  vector(
    CreateTaskRequest,
    {
      id: 'c1',
      bundle: '/b',
      rootfs: [{ type: 'nullfs', source: '/s', target: '', options: ['ro', 'x'] }],
      terminal: true,
      options: { typeUrl: 't', value: Buffer.of(0, 255) },
    },
    ...[0x0a, 2, 'c1', 0x12, 2, '/b'],
    ...[0x1a, 21, 0x0a, 6, 'nullfs', 0x12, 2, '/s', 0x1a, 0, 0x22, 2, 'ro', 0x22, 1, 'x'],
    ...[0x20, 1, 0x52, 7, 0x0a, 1, 't', 0x12, 2, 0, 255],
  );
  vector(
    StateResponse,
    {
      pid: 300,
      status: Status.STOPPED,
      exitStatus: 137,
      exitedAt: { seconds: -62135596800, nanos: 0 },
      execId: 'e',
    },
    ...[0x18, 0xac, 2, 0x20, 3, 0x48, 0x89, 1],
    // -62135596800 is 0xfffffff1886e0900 in two's complement.
    ...[0x52, 13, 0x08, 0x80, 0x92, 0xb8, 0xc3, 0x98, 0xfe, 0xff, 0xff, 0xff, 1, 0x10, 0],
    ...[0x5a, 1, 'e'],
  );
  vector(
    TaskExit,
    { containerId: 'c', id: 'x', pid: 1, exitStatus: 0xffffffff, exitedAt: { seconds: 1, nanos: 999999999 } },
    ...[0x0a, 1, 'c', 0x12, 1, 'x', 0x18, 1, 0x20, 0xff, 0xff, 0xff, 0xff, 0x0f],
    ...[0x2a, 8, 0x08, 1, 0x10, 0xff, 0x93, 0xeb, 0xdc, 3],
  );
  vector(
    PidsResponse,
    {
      processes: [
        { pid: 1, info: null },
        { pid: 2, info: null },
      ],
    },
    ...[0x0a, 2, 0x08, 1, 0x0a, 2, 0x08, 2],
  );
  vector(
    UpdateTaskRequest,
    { id: '', annotations: { a: 'b', é: '' } },
    ...[0x0a, 0, 0x1a, 6, 0x0a, 1, 'a', 0x12, 1, 'b', 0x1a, 6, 0x0a, 2, 'é', 0x12, 0],
  );
  vector(
    ForwardRequest,
    {
      envelope: { timestamp: null, namespace: 'n', topic: '/t', event: { typeUrl: 'u', value: Buffer.of() } },
    },
    ...[0x0a, 14, 0x12, 1, 'n', 0x1a, 2, '/t', 0x22, 5, 0x0a, 1, 'u', 0x12, 0],
  );
  vector(Options, { systemdCgroup: true, taskApiVersion: 3 }, 0x48, 1, 0x68, 3);
  vector(
    RuntimeInfo,
    { name: 'r', version: { version: '1', revision: 'f' } },
    ...[0x0a, 1, 'r', 0x12, 6, 0x0a, 1, '1', 0x12, 1, 'f'],
  );
  vector(
    MetricsV2,
    { pids: { current: 1, limit: UINT64_MAX } },
    ...[0x0a, 13, 0x08, 1, 0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
  );
  vector(
    MetricsV1,
    {
      cpu: {
        usage: { total: 2n ** 53n, kernel: Number.MAX_SAFE_INTEGER, user: 0, perCpu: [1, 128] },
        throttling: null,
      },
    },
    ...[0x1a, 27, 0x0a, 25, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
    ...[0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x18, 0, 0x22, 3, 1, 0x80, 1],
  );
});

suite('decode', () => {
  test('gives plain objects with every field', () => {
    assert.deepEqual(StateResponse.decode(Buffer.of()), {
      id: '',
      bundle: '',
      pid: 0,
      status: Status.UNKNOWN,
      stdin: '',
      stdout: '',
      stderr: '',
      terminal: false,
      exitStatus: 0,
      exitedAt: null,
      execId: '',
    });
    assert.deepEqual(Timestamp.decode(new Uint8Array()), { seconds: 0, nanos: 0 });
  });

  test('takes any byte array, also one amid a larger buffer', () => {
    const frame = new Uint8Array([9, 9, 0x08, 7, 0x10, 8, 9]);
    assert.deepEqual(PidsStat.decode(frame.subarray(2, 6)), { current: 7, limit: 8 });
  });

  test('takes the last of a repeated scalar, and skips unknown fields', () => {
    assert.deepEqual(PidsStat.decode(Buffer.of(0x08, 1, 0x7a, 2, 1, 1, 0x08, 2)), { current: 2, limit: 0 });
  });

  test('keeps a map key that names a property of objects', () => {
    const bytes = UpdateTaskRequest.encode({
      annotations: Object.fromEntries([
        ['__proto__', 'a'],
        ['constructor', 'b'],
      ]),
    });
    const { annotations } = UpdateTaskRequest.decode(bytes);
    assert.deepEqual(Object.entries(annotations), [
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
    assert.equal(Object.getPrototypeOf(annotations), Object.prototype);
  });

  const hostile: [string, MessageType<unknown>, number[]][] = [
    ['a tag without its value', CreateTaskRequest, [0x0a]],
    ['a string beyond the end', CreateTaskRequest, [0x0a, 5, 0x61]],
    ['a string of 4 GiB', CreateTaskRequest, [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['a string beyond its message', CreateTaskRequest, [0x1a, 3, 0x0a, 5, 0x61, 0x61, 0x61, 0x61, 0x61]],
    ['a string that is not UTF-8', CreateTaskRequest, [0x0a, 2, 0xc3, 0x28]],
    ['bytes beyond the end', CreateTaskRequest, [0x52, 4, 0x12, 9, 1, 2]],
    ['a message beyond the end', CreateTaskRequest, [0x1a, 9, 0x0a, 0]],
    ['a varint without end', PidsStat, [0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255]],
    ['a varint cut off', PidsStat, [0x08, 255]],
    ['an unknown wire type', PidsStat, [0x7f]],
    ['the end of a group that did not begin', PidsStat, [0x7c]],
    ['groups in groups without end', PidsStat, new Array<number>(5000).fill(0x7b)],
    ['an unknown field beyond the end', PidsStat, [0x7a, 9]],
    ['a map entry beyond the end', UpdateTaskRequest, [0x1a, 9, 0x0a, 1, 0x61]],
    ['packed numbers beyond the end', MetricsV1, [0x1a, 4, 0x0a, 2, 0x22, 9]],
  ];
  for (const [what, type, bytes] of hostile) {
    test(`refuses ${what}`, () => {
      assert.throws(
        () => type.decode(Buffer.from(bytes)),
        (error) =>
          error instanceof DecodeError && error.message.startsWith(`cannot decode ${type.typeName}: `),
      );
    });
  }
});

suite('encode', () => {
  for (const value of [-1, 0.5, NaN, 2 ** 53, -1n, 2n ** 64n]) {
    test(`refuses ${value.toString()} as a uint64`, () => {
      assert.throws(() => PidsStat.encode({ current: value }), RangeError);
    });
  }

  test('takes int64 from end to end', () => {
    for (const seconds of [-(2n ** 63n), 2n ** 63n - 1n, -1, 0]) {
      assert.equal(Timestamp.decode(Timestamp.encode({ seconds })).seconds, seconds);
    }
    assert.throws(() => Timestamp.encode({ seconds: 2n ** 63n }), RangeError);
  });
});
