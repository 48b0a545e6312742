import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expand, expandText } from '../../../../src/image/build/containerfile/expand.js';

const variables = new Map([
  ['A', 'a'],
  ['EMPTY', ''],
  ['PATH', '/usr/local/bin:/usr/bin'],
  ['FILE', 'one.tar.gz'],
  ['SPACE', 'b  c'],
]);
const lookup = (name: string): string | undefined => variables.get(name);

const table: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['$A', 'a'],
  ['${A}b', 'ab'],
  ['$Ab', ''],
  ['$A$A', 'aa'],
  ['x$', 'x$'],
  ['$-', '$-'],
  ['\\$A', '$A'],
  ['"$A"', 'a'],
  ["'$A'", '$A'],
  ['"a \\" b"', 'a " b'],
  ['"\\n"', '\\n'],
  ['\\n', 'n'],
  ['$SPACE', 'b  c'],
  ['${NONE:-x}', 'x'],
  ['${NONE-x}', 'x'],
  ['${EMPTY:-x}', 'x'],
  ['${EMPTY-x}', ''],
  ['${A:+x}', 'x'],
  ['${EMPTY:+x}', ''],
  ['${EMPTY+x}', 'x'],
  ['${NONE+x}', ''],
  ['${NONE:-${A}b}', 'ab'],
  ['${NONE:-"}"}', '}'],
  ['${A:?must be}', 'a'],
  ['${FILE%.*}', 'one.tar'],
  ['${FILE%%.*}', 'one'],
  ['${FILE#*.}', 'tar.gz'],
  ['${FILE##*.}', 'gz'],
  ['${FILE#two}', 'one.tar.gz'],
  ['${FILE/./-}', 'one-tar.gz'],
  ['${FILE//./-}', 'one-tar-gz'],
  ['${FILE/o?e/$A}', 'a.tar.gz'],
  ['/new:$PATH', '/new:/usr/local/bin:/usr/bin'],
];
for (const [word, result] of table) {
  test(`${word} becomes ${result}`, () => {
    assert.equal(expand(word, '\\', lookup), result);
  });
}

test('with a backtick as the escape, a backslash is a character', () => {
  assert.equal(expand('c:\\dir\\`$A', '`', lookup), 'c:\\dir\\$A');
});

test('the quotes of a text are its own', () => {
  assert.equal(expandText('say "$A" \'$A\' \\n \\$A\n', '\\', lookup), 'say "a" \'a\' \\n $A\n');
});

const refused: readonly (readonly [string, RegExp])[] = [
  ['${A', /not closed/],
  ['${}', /without a name/],
  ['${A:-x', /a } is missing/],
  ['"$A', /double quote/],
  ["'$A", /single quote/],
  ['${NONE:?is needed}', /^NONE: is needed$/],
  ['${A@x}', /operator that is not known/],
  ['${A/x', /a \/ is missing/],
  ['${N:-'.repeat(40) + '}'.repeat(40), /more than 20 levels/],
];
for (const [word, why] of refused) {
  test(`${word.slice(0, 30)} is refused`, () => {
    assert.throws(() => expand(word, '\\', lookup), { name: 'ImageError', message: why });
  });
}
