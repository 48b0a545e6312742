import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments, requireArguments } from '../../src/shim/arguments.js';

const none = {
  address: '',
  namespace: '',
  id: '',
  bundle: '',
  socket: '',
  runDirectory: '',
  debug: false,
};

test('flags are read, in any order, and their values as they are', () => {
  assert.deepEqual(parseArguments([]), none);
  assert.deepEqual(
    parseArguments([
      ...['-debug', '-socket', '/s', '-run-dir', '/r', '-bundle', '/b b'],
      ...['-id', '-debug', '-namespace', '', '-address', '/a', '-group', 'ignored'],
    ]),
    {
      address: '/a',
      namespace: '',
      id: '-debug',
      bundle: '/b b',
      socket: '/s',
      runDirectory: '/r',
      debug: true,
    },
  );
  assert.equal(parseArguments(['-id', 'one', '-id', 'two']).id, 'two');
});

for (const [args, message] of [
  [['-id'], 'flag -id needs a value'],
  [['box'], 'unknown argument "box"'],
  [['id', 'box'], 'unknown argument "id"'],
  [['--id', 'box'], 'unknown argument "--id"'],
  [['-id=box'], 'unknown argument "-id=box"'],
  [['-x', 'y'], 'unknown argument "-x"'],
  [['-'], 'unknown argument "-"'],
  [[''], 'unknown argument ""'],
  [['-toString', 'x'], 'unknown argument "-toString"'],
] as const) {
  test(`${JSON.stringify(args)} is refused`, () => {
    assert.throws(() => parseArguments(args), { message });
  });
}

test('arguments that must be given are missed', () => {
  const args = { ...none, id: 'box' };
  assert.equal(requireArguments(args, 'id'), args);
  assert.throws(() => requireArguments(args, 'id', 'socket', 'bundle'), { message: '-socket was not given' });
});
