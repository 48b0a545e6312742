import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonText, printable } from '../../src/cli/table.js';

/** CSI of 8 bits, DEL, a turn to the left, and one beyond 16 bits. */
const hostile = 'a\u009b2J\u007f\u202e\u{e0001}\u001bé😀"';

test('what would move the cursor reaches no terminal, in tables nor in documents', () => {
  assert.equal(printable(hostile), 'a?2J???' + '?é😀"');
  const text = jsonText({ [hostile]: [hostile] });
  assert.equal(/[\p{Cc}\p{Cf}]/u.test(text), false);
  assert.deepEqual(JSON.parse(text), { [hostile]: [hostile] });
});
