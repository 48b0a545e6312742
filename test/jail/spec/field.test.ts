import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Field, shown } from '../../../src/jail/spec/field.js';
import { RuntimeError } from '../../../src/runtime/error.js';

const invalid = (message: string) => ({ name: 'RuntimeError', kind: 'invalid', message });

test('members and elements carry their names', () => {
  const field = new Field('', { process: { args: ['a', { b: 1 }] } });
  const element = field.member('process').member('args').elements()[1];
  assert.equal(element?.name, 'process.args[1]');
  assert.equal(element.member('b').integer(1, 1), 1);
});

test('null is absent, and members of what is absent are absent', () => {
  const field = new Field('x', null);
  assert.equal(field.present, false);
  assert.equal(field.member('y').member('z').present, false);
  assert.deepEqual(field.elements(), []);
  assert.deepEqual(field.members(), []);
  assert.equal(
    field.optional(() => 1),
    undefined,
  );
  assert.equal(
    new Field('x', 0).optional((one) => one.integer(0, 0)),
    0,
  );
});

test('what every object inherits is no member', () => {
  const field = new Field('x', JSON.parse('{"__proto__": {"a": 1}}'));
  for (const key of ['toString', 'constructor', 'hasOwnProperty', 'a']) {
    assert.equal(field.member(key).present, false, key);
  }
  assert.deepEqual(
    field.members().map(([key]) => key),
    ['__proto__'],
  );
});

const empties: [unknown, boolean][] = [
  [undefined, true],
  [null, true],
  [false, true],
  [0, true],
  ['', true],
  [[], true],
  [{}, true],
  [true, false],
  [1, false],
  [-1, false],
  ['x', false],
  [[null], false],
  [{ a: null }, false],
];

for (const [value, empty] of empties) {
  test(`${shown(value)} ${empty ? 'asks for nothing' : 'asks for something'}`, () => {
    assert.equal(new Field('x', value).empty, empty);
  });
}

const refused: [string, (field: Field) => unknown, unknown, string][] = [
  ['text', (field) => field.text(), 1, 'x: 1 is not text'],
  ['text', (field) => field.text(), undefined, 'x: nothing is not text'],
  ['text', (field) => field.text(), '', 'x: empty'],
  ['text', (field) => field.text(), 'a\0b', 'x: contains a NUL'],
  ['any text', (field) => field.anyText(), ['a'], 'x: a list is not text'],
  ['boolean', (field) => field.boolean(), 'true', 'x: "true" is neither true nor false'],
  ['boolean', (field) => field.boolean(), 1, 'x: 1 is neither true nor false'],
  ['integer', (field) => field.integer(0, 2), 3, 'x: 3 is not an integer from 0 to 2'],
  ['integer', (field) => field.integer(0, 2), -1, 'x: -1 is not an integer from 0 to 2'],
  ['integer', (field) => field.integer(0, 2), 1.5, 'x: 1.5 is not an integer from 0 to 2'],
  ['integer', (field) => field.integer(0, 2), '1', 'x: "1" is not an integer from 0 to 2'],
  ['one of', (field) => field.oneOf('new', 'inherit'), 'New', 'x: "New" is none of new, inherit'],
  ['list', (field) => field.elements(), { length: 1 }, 'x: not a list'],
  ['object', (field) => field.members(), ['a'], 'x: not an object'],
  ['object', (field) => field.member('a'), 'a', 'x: not an object'],
];

for (const [what, read, value, message] of refused) {
  test(`${shown(value)} is no ${what}`, () => {
    assert.throws(() => read(new Field('x', value)), invalid(message));
  });
}

test('long values are cut in messages', () => {
  assert.throws(
    () => new Field('x', 'y'.repeat(1000)).boolean(),
    (error) => error instanceof RuntimeError && error.message.length < 130,
  );
});
