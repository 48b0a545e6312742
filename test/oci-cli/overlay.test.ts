import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { compactOverlay, maximumData } from '../../src/oci-cli/overlay.js';

const layers = (count: number, root: string): string[] =>
  Array.from({ length: count }, (_, index) => join(root, 'snapshots', String(index), 'fs'));

test('overlay: options that fit a page stay as they are', () => {
  const data = ['workdir=/w', 'upperdir=/u', `lowerdir=${layers(5, '/var/lib').join(':')}`];
  assert.deepEqual(compactOverlay(data), { directory: undefined, data });
  const full = ['lowerdir='.padEnd(maximumData, 'x')];
  assert.deepEqual(compactOverlay(full), { directory: undefined, data: full });
});

for (const root of ['/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs', '/']) {
  test(`overlay: many layers below ${root} are named from where they all are`, () => {
    const all = layers(300, root);
    const { directory, data } = compactOverlay(['workdir=/w', `lowerdir=${all.join(':')}`, 'upperdir=/u']);
    assert.equal(directory, join(root, 'snapshots'));
    assert.deepEqual([data[0], data[2]], ['workdir=/w', 'upperdir=/u']);
    const named = data[1]?.slice('lowerdir='.length).split(':') ?? [];
    assert.deepEqual(
      named.map((name) => join(directory ?? '', name)),
      all,
    );
    assert.ok(data.join(',').length < maximumData);
  });
}

test('overlay: layers that have only the root directory in common', () => {
  const all = ['/a', '/b'].flatMap((top) => layers(200, top));
  const { directory, data } = compactOverlay([`lowerdir=${all.join(':')}`]);
  assert.equal(directory, '/');
  assert.ok(data[0]?.startsWith('lowerdir=a/snapshots/0/fs:a/'));
});

test('overlay: a layer that another begins with is no folder of it', () => {
  const all = Array.from({ length: 300 }, (_, index) => `/layers/one${'x'.repeat(index % 20)}`);
  const { directory, data } = compactOverlay([`lowerdir=${all.join(':')}`]);
  assert.equal(directory, '/layers');
  assert.ok(data[0]?.startsWith('lowerdir=one:onex:onexx:'));
});

test('overlay: what cannot be shortened is left for the kernel to refuse', () => {
  for (const data of [
    [`lowerdir=${Array(2000).fill('relative').join(':')}`],
    [`lowerdir=/a:${Array(2000).fill('relative').join(':')}`],
    ['upperdir='.padEnd(5000, 'x')],
  ]) {
    assert.deepEqual(compactOverlay(data), { directory: undefined, data });
  }
});
