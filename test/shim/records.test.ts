import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { storedJournal, storedRecords } from '../../src/shim/records.js';
import { containerStore } from '../../src/store/containers.js';
import { openStore } from '../../src/store/database.js';
import { folder } from '../task/stdio/fixture.js';

const key = { namespace: 'ns', id: 'box' };

test('records are in the store, and so is the journal of each', async (context) => {
  const database = openStore(join(folder(context), 'state.db'));
  context.after(() => database.close());
  const store = containerStore(database);
  const cleared: string[] = [];
  const records = storedRecords(store, {
    clear: ({ id }) => {
      cleared.push(id);
      return Promise.resolve(undefined);
    },
  });
  await records.clear(key);
  assert.deepEqual(cleared, ['box']);
  const journal = records.add(key, '/bundle');
  records.setPid(key, 42);
  assert.deepEqual(store.list(), [{ ...key, bundle: '/bundle', pid: 42 }]);

  const first = journal.making('mount', { target: '/a' });
  const second = journal.making('jail', ['box']);
  const later = storedJournal(store, key);
  assert.deepEqual(later.entries(), [
    { seq: first, kind: 'mount', detail: { target: '/a' } },
    { seq: second, kind: 'jail', detail: ['box'] },
  ]);
  later.unmade(first);
  assert.deepEqual(
    journal.entries().map(({ kind }) => kind),
    ['jail'],
  );
  assert.throws(() => records.add(key, '/bundle'), /UNIQUE/);
  records.remove(key);
  assert.deepEqual([store.list(), journal.entries()], [[], []]);
});
