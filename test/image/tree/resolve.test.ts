import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { layeredTree } from '../../../src/image/tree/layered.js';
import { normalised, resolveIn } from '../../../src/image/tree/resolve.js';

const directory = mkdtempSync(join(tmpdir(), 'resolve-'));
after(() => {
  rmSync(directory, { recursive: true });
});
mkdirSync(join(directory, 'usr/lib'), { recursive: true });
writeFileSync(join(directory, 'usr/lib/x'), '');
for (const [link, target] of [
  ['lib', 'usr/lib'],
  ['abs', '/usr/lib'],
  ['out', '../../../../etc'],
  ['outAbs', '/../../etc'],
  ['usr/up', '..'],
  ['self', 'self'],
  ['dead', 'no/such'],
] as const) {
  symlinkSync(target, join(directory, link));
}
const tree = layeredTree([directory]);

const table: readonly (readonly [string, string, boolean])[] = [
  ['', '', true],
  ['/', '', true],
  ['lib/x', 'usr/lib/x', true],
  ['/abs/./x', 'usr/lib/x', true],
  ['usr/up/lib', 'usr/lib', true],
  ['out/passwd', 'etc/passwd', false],
  ['outAbs', 'etc', false],
  ['../../usr', 'usr', true],
  ['dead/more', 'no/such/more', false],
  ['new/../usr', 'usr', true],
];
for (const [path, real, exists] of table) {
  test(`${JSON.stringify(path)} is ${JSON.stringify(real)}`, () => {
    assert.deepEqual(resolveIn(tree, path), { path: real, exists });
  });
}

test('a symlink at the end is kept when it is asked for itself', () => {
  assert.deepEqual(resolveIn(tree, 'lib', false), { path: 'lib', exists: true });
});

test('a loop, and a file amid a path, are refused', () => {
  assert.throws(() => resolveIn(tree, 'self'), /more than 40 symlinks/);
  assert.throws(() => resolveIn(tree, 'usr/lib/x/y'), /usr\/lib\/x is no directory/);
});

test('a path is normalised by its letters', () => {
  assert.equal(normalised('//a/./b/../c/'), 'a/c');
  assert.equal(normalised('../..'), '');
});
