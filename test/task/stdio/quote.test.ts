import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { quote, reason } from '../../../src/task/stdio/quote.js';

for (const [text, quoted] of [
  ['', '""'],
  ['/run/a b', '"/run/a b"'],
  ['a\nb"\u0000\u001b', '"a\\nb\\"\\u0000\\u001b"'],
  ['x'.repeat(200), `"${'x'.repeat(200)}"`],
  ['x'.repeat(201), `"${'x'.repeat(200)}"… (201 characters)`],
] as const) {
  test(`${JSON.stringify(text.slice(0, 20))} of ${text.length} is quoted in one line`, () => {
    assert.equal(quote(text), quoted);
  });
}

test('a reason has no path, and keeps the words of an error of ours', () => {
  assert.throws(
    () => readFileSync('/none'),
    (error) => reason(error) === 'ENOENT: no such file or directory',
  );
  assert.equal(reason(new Error('our words')), 'our words');
  assert.equal(reason(Object.assign(new Error('strange'), { errno: 1 })), 'strange');
  assert.equal(reason('text'), 'text');
});
