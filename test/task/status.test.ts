import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PayloadError } from '../../src/proto/any.js';
import { DecodeError } from '../../src/proto/codec.js';
import { RuntimeError } from '../../src/runtime/error.js';
import {
  alreadyExists,
  failedPrecondition,
  invalidArgument,
  notFound,
  toStatus,
} from '../../src/task/status.js';
import { Code, codeName, StatusError } from '../../src/ttrpc/status.js';

/** An error of a runtime that another one led to. */
function caused(kind: 'invalid' | 'failed', code: string): RuntimeError {
  return new RuntimeError(kind, kind, {
    cause: new Error('y', { cause: Object.assign(new Error(), { code }) }),
  });
}

for (const [thrown, code, message] of [
  [new RuntimeError('invalid', 'x'), 'InvalidArgument', 'x'],
  [new RuntimeError('not-found', 'x'), 'NotFound', 'x'],
  [new RuntimeError('already-exists', 'x'), 'AlreadyExists', 'x'],
  [new RuntimeError('precondition', 'x'), 'FailedPrecondition', 'x'],
  [new RuntimeError('unsupported', 'x'), 'Unimplemented', 'x'],
  [new RuntimeError('failed', 'x'), 'Unknown', 'x'],
  [new RuntimeError('exhausted', 'x'), 'ResourceExhausted', 'x'],
  [Object.assign(new Error('x'), { code: 'ENOSPC' }), 'ResourceExhausted', 'x'],
  [caused('failed', 'SQLITE_FULL'), 'ResourceExhausted', 'failed'],
  [caused('invalid', 'ENOSPC'), 'InvalidArgument', 'invalid'],
  [caused('failed', 'ENOENT'), 'Unknown', 'failed'],
  [new PayloadError('x'), 'InvalidArgument', 'x'],
  [new DecodeError('T', new Error('x')), 'InvalidArgument', 'cannot decode T: x'],
  [new TypeError('x'), 'InvalidArgument', 'x'],
  [new RangeError('x'), 'Unknown', 'x'],
  [new Error('line one\n  line two\n'), 'Unknown', 'line one; line two'],
  [new Error('\u001b[2J'), 'Unknown', '\\x1b[2J'],
  [notFound('exec \r\u0000'), 'NotFound', 'exec \\x0d\\x00'],
  ['text', 'Unknown', 'text'],
  [undefined, 'Unknown', 'undefined'],
  [notFound('x'), 'NotFound', 'x'],
  [alreadyExists('x'), 'AlreadyExists', 'x'],
  [invalidArgument('x'), 'InvalidArgument', 'x'],
  [failedPrecondition('x'), 'FailedPrecondition', 'x'],
] as const) {
  test(`${thrown instanceof Error ? `${thrown.constructor.name} ${thrown.message}` : String(thrown)} is ${code}`, () => {
    const status = toStatus(thrown);
    assert.deepEqual([codeName(status.code), status.message], [code, message]);
  });
}

test('what a client sent is cut, in a status too', () => {
  const { code, message } = toStatus(notFound(`container ${'x'.repeat(100_000)} not created`));
  assert.equal(code, Code.NotFound);
  assert.match(message, /^container x{490}… .* …x{288} not created$/);
});

test('a status stays the same object, and anything else is kept as the cause', () => {
  const status = new StatusError(Code.Aborted, 'x');
  assert.equal(toStatus(status), status);
  const error = new Error('x');
  assert.equal(toStatus(error).cause, error);
});
