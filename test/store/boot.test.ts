import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepToBoot } from '../../src/store/boot.js';
import { containerStore } from '../../src/store/containers.js';
import { openStore } from '../../src/store/database.js';

const boot = (name: string) => ({ mark: name, isOf: (mark: string) => mark === name });

test('a store forgets what it says of an earlier boot, and keeps what it says of this one', () => {
  const database = openStore(':memory:');
  const store = containerStore(database);
  const key = { namespace: 'default', id: 'web' };
  store.add(key, '/bundle');
  store.making(key, 'mounted', { id: [1, 2] });
  // One of a program that did not write boots down.
  assert.equal(keepToBoot(database, boot('one')), 0);
  assert.equal(keepToBoot(database, boot('one')), 0);
  assert.equal(store.made(key).length, 1);
  assert.equal(keepToBoot(database, boot('two')), 1);
  assert.deepEqual([store.list(), store.made(key)], [[], []]);
  store.add(key, '/bundle');
  assert.equal(keepToBoot(database, boot('two')), 0);
  assert.equal(store.list().length, 1);
  database.close();
});
