import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { layeredTree } from '../../../src/image/tree/layered.js';

const directory = mkdtempSync(join(tmpdir(), 'layered-'));
after(() => {
  rmSync(directory, { recursive: true });
});

const [low, top] = [join(directory, 'low'), join(directory, 'top')];
for (const path of ['low/a', 'low/b/in', 'low/opaque', 'low/c', 'top/a', 'top/opaque']) {
  mkdirSync(join(directory, path), { recursive: true });
}
for (const [path, content] of [
  ['low/a/one', '1'],
  ['low/a/two', 'low'],
  ['top/a/two', 'top two'],
  ['low/b/in/x', 'x'],
  ['low/gone', ''],
  ['low/opaque/old', ''],
  ['top/opaque/new', ''],
  ['top/c', 'a file now'],
  ['low/c/hidden', ''],
] as const) {
  writeFileSync(join(directory, path), content);
}
symlinkSync('/a', join(top, 'link'));
const tree = layeredTree([top, low], { isOpaque: (path) => path === join(top, 'opaque') });

test('what lies above hides what lies below', () => {
  assert.deepEqual(tree.list(''), ['a', 'b', 'c', 'gone', 'link', 'opaque']);
  assert.deepEqual(tree.list('a'), ['one', 'two']);
  assert.equal(tree.lookup('a/two')?.size, 7);
  assert.equal(tree.lookup('b/in/x')?.hostPath, join(low, 'b/in/x'));
});

test('an opaque directory hides all that was in it', () => {
  assert.deepEqual(tree.list('opaque'), ['new']);
  assert.equal(tree.lookup('opaque/old'), undefined);
});

test('a file above a directory hides what was in it', () => {
  assert.equal(tree.lookup('c')?.type, 'file');
  assert.equal(tree.lookup('c/hidden'), undefined);
});

test('a symlink is one, and not followed', () => {
  assert.equal(tree.lookup('link')?.type, 'symlink');
  assert.equal(tree.link('link'), '/a');
  assert.equal(tree.lookup('link/one'), undefined);
});

const root = process.getuid?.() === 0 && process.platform === 'linux';
test('a whiteout is an absence', { skip: root ? false : 'needs Linux and root to make a device' }, () => {
  execFileSync('mknod', [join(top, 'gone'), 'c', '0', '0']);
  const fresh = layeredTree([top, low]);
  assert.equal(fresh.lookup('gone'), undefined);
  assert(!fresh.list('').includes('gone'));
});
