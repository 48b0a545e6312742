import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack } from '../../src/proto/any.js';
import { Options, TaskExit } from '../../src/proto/generated/messages.js';
import { parseOptions } from '../../src/task/options.js';

const none = {
  noPivotRoot: false,
  noNewKeyring: false,
  systemdCgroup: false,
  binaryName: '',
  root: '',
  ioUid: 0,
  ioGid: 0,
};
const all = {
  noPivotRoot: true,
  noNewKeyring: true,
  systemdCgroup: true,
  binaryName: 'crun',
  root: '/run/crun',
  ioUid: 1000,
  ioGid: 4294967295,
};

test('options that were not sent, or are empty, or another runtime’s, are the defaults', () => {
  assert.deepEqual(parseOptions(null), none);
  assert.deepEqual(parseOptions(pack(Options, {})), none);
  assert.deepEqual(parseOptions({ typeUrl: '', value: Buffer.of(0xff) }), none);
  assert.deepEqual(parseOptions(pack(TaskExit, { containerId: 'box' })), none);
});

test('all options that a runtime takes are read, whatever the prefix of their type', () => {
  const any = pack(Options, { ...all, shimCgroup: '/shim', criuWorkPath: '/work' });
  assert.deepEqual(parseOptions(any), all);
  assert.deepEqual(parseOptions({ ...any, typeUrl: `type.googleapis.com/${any.typeUrl}` }), all);
});

test('options that cannot be read are refused', () => {
  assert.throws(() => parseOptions({ ...pack(Options, {}), value: Buffer.of(0xff) }), {
    name: 'DecodeError',
  });
});
