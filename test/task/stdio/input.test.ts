import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputPath } from '../../../src/task/stdio/input.js';

test('an input is a FIFO by its path, or none', () => {
  assert.equal(inputPath('', 4096), undefined);
  assert.equal(inputPath('/dev/null', 4096), undefined);
  assert.equal(inputPath('/run/in', 4096), '/run/in');
  assert.equal(inputPath('fifo:///run/in', 4096), '/run/in');
});

for (const value of ['file:///run/in', 'binary:///bin/cat', 'binary-v2:///bin/cat']) {
  test(`${value} is no input`, () => {
    assert.throws(() => inputPath(value, 4096), { message: `"${value}" is not the path of a FIFO` });
  });
}
