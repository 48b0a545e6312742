import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isType,
  OCI_PROCESS,
  pack,
  packJson,
  PayloadError,
  unpack,
  unpackJson,
} from '../../src/proto/any.js';
import { DecodeError } from '../../src/proto/codec.js';
import { Options, TaskOOM } from '../../src/proto/generated/messages.js';

test('a packed message has its bare name and unpacks to itself', () => {
  const any = pack(TaskOOM, { containerId: 'c' });
  assert.deepEqual(any, { typeUrl: 'containerd.events.TaskOOM', value: Buffer.of(0x0a, 1, 0x63) });
  assert.deepEqual(unpack(TaskOOM, any), { containerId: 'c' });
});

test('a prefix before the name does not matter, the name does', () => {
  const value = Options.encode({ binaryName: 'crun' });
  for (const prefix of ['', '/', 'type.googleapis.com/', 'a/b/']) {
    const any = { typeUrl: `${prefix}containerd.runc.v1.Options`, value };
    assert.equal(unpack(Options, any).binaryName, 'crun');
  }
  for (const typeUrl of ['', 'containerd.runc.v1.Options/', 'Options', 'xcontainerd.runc.v1.Options']) {
    assert.equal(isType(Options, { typeUrl, value }), false);
    assert.throws(() => unpack(Options, { typeUrl, value }), PayloadError);
  }
});

test('a message whose bytes are damaged is refused', () => {
  assert.throws(() => unpack(TaskOOM, { typeUrl: TaskOOM.typeName, value: Buffer.of(0x0a) }), DecodeError);
});

test('a JSON payload is found under its full URL only', () => {
  const any = packJson(OCI_PROCESS, { cwd: '/é' });
  assert.equal(any.typeUrl, 'types.containerd.io/opencontainers/runtime-spec/1/Process');
  assert.deepEqual(unpackJson(OCI_PROCESS, any), { cwd: '/é' });
  assert.throws(
    () => unpackJson(OCI_PROCESS, { ...any, typeUrl: 'Process' }),
    (error) => error instanceof PayloadError && error.message.endsWith('got "Process"'),
  );
});

test('a JSON payload that is not JSON, or not UTF-8, is refused', () => {
  for (const value of [Buffer.of(), Buffer.from('{'), Buffer.of(0x22, 0xff, 0x22)]) {
    assert.throws(
      () => unpackJson(OCI_PROCESS, { typeUrl: OCI_PROCESS, value }),
      (error) => error instanceof PayloadError && error.message.includes('/Process is not JSON: '),
    );
  }
});
