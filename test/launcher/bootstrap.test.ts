import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseSeed, createRandom } from '../proto/random.js';
import { drive, shown } from './driver.js';
import { anyMessage, bootstrapParams, bytesField, numberField, optionsAny } from './message.js';
import { mutate } from './mutate.js';

const box = { id: 'box', namespace: 'space' };

function line(params: boolean, socketDir?: string, shimCgroup?: string): string {
  return `ok ${params ? 1 : 0}${shown(socketDir)}${shown(shimCgroup)}`;
}

const read: [string, Buffer, string][] = [
  ['nothing', Buffer.alloc(0), line(false)],
  ['options of containerd 1.6 to 2.2', optionsAny('/c'), line(false, undefined, '/c')],
  ['options with a host in the type', optionsAny('/c', 'type.googleapis.com/'), line(false, undefined, '/c')],
  ['options of another type', anyMessage('a.B', bytesField(3, '/c')), line(false)],
  ['options without a cgroup', anyMessage('containerd.runc.v1.Options', Buffer.alloc(0)), line(false)],
  ['params of containerd 2.3', bootstrapParams(box), line(true)],
  [
    'params with all that counts',
    bootstrapParams({ ...box, socketDir: '/run/x/', shimCgroup: '/c' }),
    line(true, '/run/x', '/c'),
  ],
  ['params of another container', bootstrapParams({ ...box, id: 'other', socketDir: '/x' }), line(false)],
  ['params of another namespace', bootstrapParams({ ...box, namespace: 's', socketDir: '/x' }), line(false)],
  ['an id with a NUL behind', bootstrapParams({ ...box, id: 'box\0' }), line(false)],
  ['an empty directory', bootstrapParams({ ...box, socketDir: '' }), line(true)],
  [
    'the last of two values',
    Buffer.concat([
      bootstrapParams({ ...box, id: 'x', socketDir: '/x' }),
      bootstrapParams({ ...box, socketDir: '/y' }),
    ]),
    line(true, '/y'),
  ],
  [
    'unknown fields of every kind',
    Buffer.concat([
      bootstrapParams(box),
      numberField(100, 1),
      bytesField(536_870_911, 'x'),
      Buffer.from([0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xa5, 0x06, 1, 2, 3, 4]),
    ]),
    line(true),
  ],
  ['text', Buffer.from('{"instance_id":"box"}'), line(false)],
  ['a group', Buffer.concat([bootstrapParams(box), Buffer.from([0x0b, 0x0c])]), line(false)],
  ['a cut message', bootstrapParams(box).subarray(0, -1), line(false)],
  [
    'a length beyond the end',
    Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    line(false),
  ],
  ['an endless number', Buffer.alloc(100, 0xff), line(false)],
  ['field number 0', Buffer.concat([bootstrapParams(box), Buffer.from([0x00, 0x00])]), line(false)],
];

for (const [name, bytes, expected] of read) {
  test(`standard input: ${name}`, () => {
    assert.deepEqual(drive('bootstrap', [bytes]), [expected]);
  });
}

const refused: [string, Buffer, string][] = [
  [
    'a relative directory',
    bootstrapParams({ ...box, socketDir: 'x' }),
    'socket_dir is x: it must be an absolute path',
  ],
  ['a directory with a NUL', bootstrapParams({ ...box, socketDir: '/x\0y' }), 'socket_dir holds a NUL'],
  ['a cgroup with a NUL', optionsAny('/x\0y'), 'shim_cgroup holds a NUL'],
];

for (const [name, bytes, message] of refused) {
  test(`standard input refused: ${name}`, () => {
    assert.deepEqual(drive('bootstrap', [bytes]), [`failed standard input: ${message}`]);
  });
}

test('hostile bytes do no harm', () => {
  const seed = chooseSeed();
  console.log(`SEED=${seed}`);
  const random = createRandom(seed);
  const samples = [...read, ...refused].map(([, bytes]) => bytes);
  const inputs = Array.from({ length: 100_000 }, () =>
    mutate(random, samples[random(samples.length)] ?? Buffer.alloc(0)),
  );
  for (const answer of drive('bootstrap', inputs))
    assert.match(answer, /^(ok [01] |failed standard input: )/);
});
