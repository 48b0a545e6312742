import assert from 'node:assert/strict';
import { test } from 'node:test';
import { undoAll, type Undo } from '../../src/jail/undo.js';
import { MemoryJournal } from './journal.js';

function scenario(failing: readonly string[]) {
  const journal = new MemoryJournal();
  const undone: string[] = [];
  const undo: Undo = (detail) => {
    const name = String(detail);
    undone.push(name);
    return failing.includes(name) ? Promise.reject(new Error(`${name} is\nbusy`)) : Promise.resolve();
  };
  const undoers = new Map([
    ['mount', undo],
    ['jail', undo],
  ]);
  journal.making('mount', '/a');
  journal.making('mount', '/a/b');
  journal.making('jail', 'box');
  const left = () => journal.entries().map(({ detail }) => detail);
  return { journal, undone, undoers, left };
}

test('what was made last is undone first, and forgotten', async () => {
  const { journal, undone, undoers, left } = scenario([]);
  await undoAll(journal, undoers, 'box');
  assert.deepEqual([undone, left()], [['box', '/a/b', '/a'], []]);
  await undoAll(journal, undoers, 'box');
  assert.equal(undone.length, 3);
});

test('what cannot be undone stays, and all else is undone', async () => {
  const { journal, undone, undoers, left } = scenario(['/a/b', 'box']);
  await assert.rejects(undoAll(journal, undoers, 'box'), {
    kind: 'failed',
    message: 'clean-up of container box: box is; busy; /a/b is; busy',
  });
  assert.deepEqual(
    [undone, left()],
    [
      ['box', '/a/b', '/a'],
      ['/a/b', 'box'],
    ],
  );
});

test('what there is no undoer for is left alone', async () => {
  const { journal, undoers, left } = scenario([]);
  journal.making('wormhole', 'x');
  await undoAll(journal, undoers, 'box');
  assert.deepEqual(left(), ['x']);
});
