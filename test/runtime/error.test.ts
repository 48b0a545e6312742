import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine, reason } from '../../src/runtime/error.js';

for (const [text, shown] of [
  ['', ''],
  ['bundle /a b: ENOENT', 'bundle /a b: ENOENT'],
  ['größer, 東京, 🐡', 'größer, 東京, 🐡'],
  ['a\tb\rc\u001b[31m', 'a\\x09b\\x0dc\\x1b[31m'],
  ['a\u0085b\u007fc', 'a\\x85b\\x7fc'],
  ['right\u202eleft\u2028next', 'right\\u{202e}left\\u{2028}next'],
  ['half \ud800 of a pair', 'half \\u{d800} of a pair'],
  ['x'.repeat(900), 'x'.repeat(900)],
] as const) {
  test(`one line: ${JSON.stringify(text.slice(0, 30))} of ${text.length}`, () => {
    assert.equal(oneLine(text), shown);
  });
}

test('one line: beginning and end are kept of what is long, and how much is missing is told', () => {
  const text = `exec ${'x'.repeat(100_000)}: no such file`;
  const shown = oneLine(text);
  assert.match(shown, /^exec x{495}… \(100019 characters\) …x{286}: no such file$/);
});

test('one line: at worst it is short all the same', () => {
  for (const length of [120, 900, 100_000]) assert.ok(oneLine('\u202e'.repeat(length)).length <= 900);
});

test('a reason is one line, whatever was thrown', () => {
  assert.equal(reason(new Error('one\n  two\u0007\n')), 'one; two\\x07');
  assert.equal(reason('a\0b'), 'a\\x00b');
  assert.equal(reason(undefined), 'undefined');
});
