import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openInside } from '../../src/oci-cli/mount-target.js';
import { openDescriptors } from '../kernel/descriptors.js';
import { notLinux } from '../kernel/kernels.js';
import { folder } from '../runtime/folder.js';

for (const [target, inside] of [
  ['', ''],
  ['/', ''],
  ['a', 'a'],
  ['/a/b/', 'a/b'],
  ['./a//b/.', 'a/b'],
  ['../../etc', 'etc'],
  ['a/../../../etc', 'etc'],
  ['out', 'etc'],
  ['out/cron.d', 'etc/cron.d'],
  ['climbs', 'etc'],
  ['a/up/b', 'a/b'],
  ['twice/c', 'a/b/c'],
  ['a/b/../../out', 'etc'],
] as const) {
  test(
    `a mount on ${target || 'the root itself'} is made on ${inside || 'the root'}`,
    { skip: notLinux },
    (context) => {
      const root = folder(context);
      for (const path of ['a/b/c', 'etc/cron.d']) mkdirSync(join(root, path), { recursive: true });
      symlinkSync('/etc', join(root, 'out'));
      symlinkSync('../../../etc', join(root, 'climbs'));
      symlinkSync('..', join(root, 'a/b/up'));
      symlinkSync('../a', join(root, 'a/up'));
      symlinkSync('a/b/up/b', join(root, 'twice'));
      const before = openDescriptors().length;
      const opened = openInside(root, target);
      assert.equal(opened.path(), join(realpathSync(root), inside));
      opened.close();
      assert.equal(openDescriptors().length, before);
    },
  );
}

test('links that go round in circles are refused', { skip: notLinux }, (context) => {
  const root = folder(context);
  symlinkSync('two', join(root, 'one'));
  symlinkSync('/one', join(root, 'two'));
  const before = openDescriptors().length;
  assert.throws(() => openInside(root, 'one'), {
    kind: 'invalid',
    message: 'rootfs mount target one: too many symbolic links',
  });
  assert.equal(openDescriptors().length, before);
});

test('what is missing is named, and leaves nothing open', { skip: notLinux }, (context) => {
  const root = folder(context);
  const before = openDescriptors().length;
  assert.throws(() => openInside(root, 'missing/below'), {
    kind: 'failed',
    message: 'rootfs mount target missing/below: missing: ENOENT',
  });
  assert.equal(openDescriptors().length, before);
});

test('a place stays the same when a link out of the root takes its name', { skip: notLinux }, (context) => {
  const root = folder(context);
  mkdirSync(join(root, 'a'));
  const opened = openInside(root, 'a');
  renameSync(join(root, 'a'), join(root, 'b'));
  symlinkSync('/etc', join(root, 'a'));
  assert.equal(opened.path(), join(realpathSync(root), 'b'));
  opened.close();
});
