import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { targetInside } from '../../src/oci-cli/mount-target.js';
import { folder } from '../runtime/folder.js';

for (const [target, inside] of [
  ['', ''],
  ['/', ''],
  ['a', 'a'],
  ['/a/b/', 'a/b'],
  ['./a//b/.', 'a/b'],
  ['../../etc', 'etc'],
  ['a/../../../etc', 'etc'],
  ['missing/below', 'missing/below'],
  ['out', 'etc'],
  ['out/cron.d', 'etc/cron.d'],
  ['climbs', 'etc'],
  ['a/up/b', 'a/b'],
  ['twice/c', 'a/b/c'],
  ['a/b/../../out', 'etc'],
] as const) {
  test(`a mount on ${target || 'the root itself'} is made on ${inside || 'the root'}`, (context) => {
    const root = folder(context);
    mkdirSync(join(root, 'a/b'), { recursive: true });
    symlinkSync('/etc', join(root, 'out'));
    symlinkSync('../../../etc', join(root, 'climbs'));
    symlinkSync('..', join(root, 'a/b/up'));
    symlinkSync('../a', join(root, 'a/up'));
    symlinkSync('a/b/up/b', join(root, 'twice'));
    assert.equal(targetInside(root, target), join(root, inside));
  });
}

test('links that go round in circles are refused', (context) => {
  const root = folder(context);
  symlinkSync('two', join(root, 'one'));
  symlinkSync('/one', join(root, 'two'));
  assert.throws(() => targetInside(root, 'one'), {
    kind: 'invalid',
    message: 'rootfs mount target one: too many symbolic links',
  });
});
