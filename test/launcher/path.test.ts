import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive, shown, words } from './driver.js';

// Go's path/filepath Join on a system with slashes.
const joins: [string[], string][] = [
  [['/run/containerd/containerd.sock', 'default', 'foo'], '/run/containerd/containerd.sock/default/foo'],
  [['/run/containerd/containerd.sock', '', 'foo'], '/run/containerd/containerd.sock/foo'],
  [[], ''],
  [['', ''], ''],
  [['', 'a'], 'a'],
  [['/', 'a'], '/a'],
  [['a', '..'], '.'],
  [['.'], '.'],
  [['a//b/'], 'a/b'],
  [['/a/./b/../c'], '/a/c'],
  [['/../../a'], '/a'],
  [['/..'], '/'],
  [['//'], '/'],
  [['../a', '../../b'], '../../b'],
  [['a/b', '../../../c'], '../c'],
  [['..', '..'], '../..'],
  [['a/../b'], 'b'],
  [['/a/b/c', '../../..', '..'], '/'],
  [['...', '..a', 'b..'], '.../..a/b..'],
];

test('paths are joined as Go joins them', () => {
  const inputs = joins.map(([parts]) => words(...parts));
  const found = drive('path', inputs);
  joins.forEach(([parts, path], index) => {
    assert.equal(found[index], shown(path), JSON.stringify(parts));
  });
});
