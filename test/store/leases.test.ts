import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { leaseStore, type Holder, type LeaseStore, type PoolRange } from '../../src/store/leases.js';
import type { Store } from '../../src/store/database.js';
import { openNetworkStore } from '../../src/store/network-database.js';
import { chooseSeed, Random } from '../ttrpc/random.js';

const range: PoolRange = { pool: '10.88.0.0/29', first: 1, last: 6 };

function holder(id: string, name = 'eth0', namespace = 'default'): Holder {
  return { namespace, id, interface: name };
}

function withLeases(body: (leases: LeaseStore, store: Store) => void): void {
  const store = openNetworkStore(':memory:');
  try {
    body(leaseStore(store), store);
  } finally {
    store.close();
  }
}

/** The gaps of the pool, as [first, last] in order. */
function gaps(store: Store): unknown[] {
  return store.prepare('SELECT first, last FROM gap ORDER BY first').raw().all();
}

suite('leases of addresses', () => {
  test('each holder has an address of its own, first to last, and then there is none', () => {
    withLeases((leases, store) => {
      const taken = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => leases.take(range, holder(id)));
      assert.deepEqual(taken, [1, 2, 3, 4, 5, 6]);
      assert.equal(leases.take(range, holder('g')), undefined);
      assert.deepEqual(gaps(store), []);
    });
  });

  test('asking again answers the same address', () => {
    withLeases((leases) => {
      assert.equal(leases.take(range, holder('a')), 1);
      assert.equal(leases.take(range, holder('a')), 1);
      assert.equal(leases.take(range, holder('a', 'eth1')), 2);
      assert.equal(leases.take(range, holder('a', 'eth0', 'other')), 3);
    });
  });

  test('an address that was given back is the last to be leased again', () => {
    withLeases((leases) => {
      for (const id of ['a', 'b', 'c']) leases.take(range, holder(id));
      leases.release(holder('b'));
      const taken = ['d', 'e', 'f', 'g'].map((id) => leases.take(range, holder(id)));
      assert.deepEqual(taken, [4, 5, 6, 2]);
    });
  });

  test('gaps that touch become one', () => {
    withLeases((leases, store) => {
      for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) leases.take(range, holder(id));
      leases.release(holder('b'));
      leases.release(holder('d'));
      assert.deepEqual(gaps(store), [
        [2, 2],
        [4, 4],
      ]);
      leases.release(holder('c'));
      assert.deepEqual(gaps(store), [[2, 4]]);
      for (const id of ['a', 'e', 'f']) leases.release(holder(id));
      assert.deepEqual(gaps(store), [[1, 6]]);
    });
  });

  test('a certain address is leased once, and says who has it', () => {
    withLeases((leases, store) => {
      assert.equal(leases.takeExactly(range, holder('a'), 4), undefined);
      assert.equal(leases.takeExactly(range, holder('a'), 4), undefined);
      assert.deepEqual(leases.takeExactly(range, holder('b'), 4), { takenBy: holder('a') });
      assert.deepEqual(gaps(store), [
        [1, 3],
        [5, 6],
      ]);
      assert.throws(() => leases.takeExactly(range, holder('a'), 5), /a has address 4 already/);
      for (const host of [0, 7, 1.5, -1, NaN]) {
        assert.throws(() => leases.takeExactly(range, holder('b'), host), {
          name: 'RangeError',
          message: /is not one of 1 to 6/,
        });
      }
    });
  });

  test('a container gives back what all its interfaces have, in every pool, and nothing of others', () => {
    withLeases((leases) => {
      const second: PoolRange = { pool: 'fd00:88::/64', first: 1, last: 2 ** 32 };
      leases.take(range, holder('a'));
      leases.take(range, holder('a', 'eth1'));
      leases.take(second, holder('a'));
      leases.take(range, holder('a', 'eth0', 'other'));
      leases.release(holder('a', 'eth1'));
      assert.deepEqual(
        leases.heldBy({ namespace: 'default', id: 'a' }).map(({ pool, host }) => [pool, host]),
        [
          ['10.88.0.0/29', 1],
          ['fd00:88::/64', 1],
        ],
      );
      leases.release({ namespace: 'default', id: 'a' });
      leases.release({ namespace: 'default', id: 'a' });
      assert.deepEqual(leases.list(), [{ ...range, host: 3, ...holder('a', 'eth0', 'other') }].map(pick));
    });
  });

  test('a large pool is not read to find the next address', (context) => {
    withLeases((leases, store) => {
      const wide: PoolRange = { pool: '10.88.0.0/16', first: 1, last: 65_534 };
      const begun = performance.now();
      for (let number = 1; number <= 10_000; number++) {
        assert.equal(leases.take(wide, holder(`c${number}`)), number);
      }
      const seconds = (performance.now() - begun) / 1000;
      context.diagnostic(`${Math.round(10_000 / seconds)} allocations a second out of 65534 addresses`);
      // One row says which addresses are free, however many there are.
      assert.deepEqual(gaps(store), [[10_001, 65_534]]);
    });
  });

  test('two programs that use one file never lease the same address', () => {
    const folder = mkdtempSync(join(tmpdir(), 'leases-'));
    try {
      const path = join(folder, 'network.db');
      const stores = [openNetworkStore(path), openNetworkStore(path)];
      const both = stores.map(leaseStore);
      const taken = Array.from({ length: 6 }, (_, index) =>
        both[index % 2]?.take(range, holder(`c${index}`)),
      );
      assert.deepEqual(taken, [1, 2, 3, 4, 5, 6]);
      both[0]?.release(holder('c3'));
      assert.equal(both[1]?.take(range, holder('again')), 4);
      for (const store of stores) store.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('whatever is taken and given back, an address has one holder and is either leased or in one gap', (context) => {
    const seed = chooseSeed();
    context.diagnostic(`FUZZ_SEED=${seed}`);
    const random = new Random(seed);
    const wide: PoolRange = { pool: '10.89.0.0/24', first: 1, last: 254 };
    withLeases((leases, store) => {
      const model = new Map<string, number>();
      for (let step = 0; step < 4000; step++) {
        const id = `c${random.below(400)}`;
        const choice = random.below(5);
        if (choice < 2) {
          leases.release(holder(id));
          model.delete(id);
        } else if (choice === 2 && !model.has(id)) {
          const host = 1 + random.below(254);
          const free = ![...model.values()].includes(host);
          const answer = leases.takeExactly(wide, holder(id), host);
          assert.equal(answer === undefined, free);
          if (free) model.set(id, host);
        } else {
          const host = leases.take(wide, holder(id));
          if (host === undefined) assert.equal(model.size, 254);
          else {
            assert.equal(model.get(id) ?? host, host);
            model.set(id, host);
          }
        }
      }
      assert.deepEqual(
        new Map(leases.list().map(({ id, host }) => [id, host])),
        new Map([...model].sort(([, one], [, other]) => one - other)),
      );
      const free = (gaps(store) as [number, number][]).reduce(
        (sum, [first, last]) => sum + last - first + 1,
        0,
      );
      assert.equal(free + model.size, 254);
    });
  });
});

function pick({ pool, host, namespace, id, interface: name }: PoolRange & Holder & { host: number }): object {
  return { pool, host, namespace, id, interface: name };
}
