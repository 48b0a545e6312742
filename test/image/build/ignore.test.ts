import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIgnore } from '../../../src/image/build/ignore.js';

const table: readonly (readonly [string, string, boolean])[] = [
  ['node_modules', 'node_modules/a/b', true],
  ['node_modules', 'src/node_modules', false],
  ['**/node_modules', 'src/node_modules/x', true],
  ['**/node_modules', 'node_modules', true],
  ['*.md', 'README.md', true],
  ['*.md', 'docs/README.md', false],
  ['**/*.md', 'docs/deep/README.md', true],
  ['/a', 'a', true],
  ['a/', 'a/b', true],
  ['./a/../b', 'b', true],
  ['a/**', 'a/b/c', true],
  ['a/**/z', 'a/z', true],
  ['a/**/z', 'a/b/c/z', true],
  ['a?c', 'abc', true],
  ['a?c', 'a/c', false],
  ['[a-c]x', 'bx', true],
  ['[^a]x', 'ax', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['# a', 'a', false],
  ['*\n!keep', 'keep', false],
  ['*\n!keep', 'keep/below', false],
  ['*\n!a/b', 'a/b', false],
  ['*\n!a/b', 'a/c', true],
  ['!a\na', 'a', true],
  ['a.b', 'axb', false],
  ['a(b|c', 'a(b|c', true],
  ['\uFEFFa\r\nb\r\n', 'b', true],
];
for (const [text, path, excluded] of table) {
  test(`${JSON.stringify(text)} ${excluded ? 'leaves out' : 'keeps'} ${path}`, () => {
    assert.equal(parseIgnore(text, '.dockerignore').excludes(path), excluded);
  });
}

test('only without exceptions need nobody look below', () => {
  assert.equal(parseIgnore('a', 'x').excludesAllBelow('a/b'), true);
  assert.equal(parseIgnore('a\n!a/b', 'x').excludesAllBelow('a'), false);
});

for (const [text, message] of [
  ['a\n!', 'x:2: "!" without a pattern'],
  ['[a', 'x:1: "[a": a [ without its ]'],
  ['[z-a]', 'x:1: "[z-a]" is no pattern'],
  ['a\\', 'x:1: "a\\\\" ends in a \\'],
] as const) {
  test(`refused: ${message}`, () => {
    assert.throws(() => parseIgnore(text, 'x'), { name: 'ImageError', message });
  });
}
