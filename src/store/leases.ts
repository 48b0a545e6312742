import type { Store } from './database.js';

/** Who holds an address: an interface of a container. */
export interface Holder {
  readonly namespace: string;
  readonly id: string;
  readonly interface: string;
}

/** Addresses that can be leased, as numbers within a network: the first and the last, both inclusive. */
export interface PoolRange {
  /** the pool's name: the same name always means the same range */
  readonly pool: string;
  readonly first: number;
  readonly last: number;
}

export interface Lease extends Holder {
  readonly pool: string;
  readonly host: number;
}

/** What `takeExactly` answers when somebody else holds the address. */
export interface Taken {
  readonly takenBy: Holder;
}

/** Addresses and who holds them. Each call is one transaction, so that several programs may use the same file. */
export interface LeaseStore {
  /**
   * Leases the next free address after the one leased last, so that one that was given back rests as long as it can.
   * Whoever holds one of the pool already is answered that one.
   *
   * @returns undefined when all are leased
   */
  take(range: PoolRange, holder: Holder): number | undefined;
  /**
   * Leases this address and no other.
   *
   * @throws RangeError when the address is not in the range, or the holder has another one of it
   */
  takeExactly(range: PoolRange, holder: Holder, host: number): Taken | undefined;
  /** Gives back what the holder has, of all pools; without an interface, what all interfaces of the container have. */
  release(holder: Omit<Holder, 'interface'> & { readonly interface?: string }): void;
  /** What all interfaces of the container have. */
  heldBy(container: Omit<Holder, 'interface'>): Lease[];
  list(): Lease[];
}

export function leaseStore(store: Store): LeaseStore {
  const s = prepare(store);

  const open = ({ pool, first, last }: PoolRange): void => {
    if (s.addPool.run(pool, first).changes > 0) s.addGap.run(pool, first, last);
  };
  /** Takes one address out of the gap that it lies in. False when it lies in none. */
  const cut = (pool: string, host: number): boolean => {
    const gap = s.gapBelow.get(pool, host);
    if (gap === undefined || gap.last < host) return false;
    s.dropGap.run(pool, gap.first);
    if (gap.first < host) s.addGap.run(pool, gap.first, host - 1);
    if (gap.last > host) s.addGap.run(pool, host + 1, gap.last);
    return true;
  };
  /** Puts an address back, joined with the gaps that it touches. */
  const mend = (pool: string, host: number): void => {
    const below = s.gapBelow.get(pool, host - 1);
    const above = s.gapAt.get(pool, host + 1);
    const joinsBelow = below?.last === host - 1;
    if (joinsBelow) s.dropGap.run(pool, below.first);
    if (above !== undefined) s.dropGap.run(pool, above.first);
    s.addGap.run(pool, joinsBelow ? below.first : host, above?.last ?? host);
  };
  const nextFree = ({ pool, first }: PoolRange): number | undefined => {
    const from = s.cursor.get(pool)?.next ?? first;
    const below = s.gapBelow.get(pool, from);
    if (below !== undefined && below.last >= from) return from;
    return (s.gapAbove.get(pool, from) ?? s.gapAbove.get(pool, -1))?.first;
  };
  const add = (pool: string, host: number, { namespace, id, interface: name }: Holder): void => {
    s.add.run(pool, host, namespace, id, name);
  };
  const heldIn = (pool: string, { namespace, id, interface: name }: Holder): number | undefined =>
    s.heldIn.get(pool, namespace, id, name)?.host;

  const take = store.transaction((range: PoolRange, holder: Holder): number | undefined => {
    open(range);
    const has = heldIn(range.pool, holder);
    if (has !== undefined) return has;
    const host = nextFree(range);
    if (host === undefined) return undefined;
    cut(range.pool, host);
    add(range.pool, host, holder);
    s.setCursor.run(host >= range.last ? range.first : host + 1, range.pool);
    return host;
  });
  const takeExactly = store.transaction(
    (range: PoolRange, holder: Holder, host: number): Taken | undefined => {
      const { pool, first, last } = range;
      if (!Number.isSafeInteger(host) || host < first || host > last) {
        throw new RangeError(`pool ${pool}: address ${host} is not one of ${first} to ${last}`);
      }
      open(range);
      const has = heldIn(pool, holder);
      if (has === host) return undefined;
      if (has !== undefined) throw new RangeError(`pool ${pool}: ${holder.id} has address ${has} already`);
      const takenBy = s.holderOf.get(pool, host);
      if (takenBy !== undefined) return { takenBy };
      cut(pool, host);
      add(pool, host, holder);
      return undefined;
    },
  );
  const release = store.transaction((namespace: string, id: string, name: string | null): void => {
    for (const { pool, host } of s.drop.all(namespace, id, name, name)) mend(pool, host);
  });

  return {
    take: (range, holder) => take.immediate(range, holder),
    takeExactly: (range, holder, host) => takeExactly.immediate(range, holder, host),
    release: ({ namespace, id, interface: name }) => {
      release.immediate(namespace, id, name ?? null);
    },
    heldBy: ({ namespace, id }) => s.held.all(namespace, id),
    list: () => s.list.all(),
  };
}

interface Gap {
  readonly first: number;
  readonly last: number;
}

function prepare(store: Store) {
  const columns = 'pool, host, namespace, id, interface';
  return {
    addPool: store.prepare('INSERT OR IGNORE INTO pool (pool, next) VALUES (?, ?)'),
    cursor: store.prepare<[string], { next: number }>('SELECT next FROM pool WHERE pool = ?'),
    setCursor: store.prepare('UPDATE pool SET next = ? WHERE pool = ?'),
    addGap: store.prepare('INSERT INTO gap (pool, first, last) VALUES (?, ?, ?)'),
    dropGap: store.prepare('DELETE FROM gap WHERE pool = ? AND first = ?'),
    gapAt: store.prepare<[string, number], Gap>('SELECT first, last FROM gap WHERE pool = ? AND first = ?'),
    gapBelow: store.prepare<[string, number], Gap>(
      'SELECT first, last FROM gap WHERE pool = ? AND first <= ? ORDER BY first DESC LIMIT 1',
    ),
    gapAbove: store.prepare<[string, number], Gap>(
      'SELECT first, last FROM gap WHERE pool = ? AND first > ? ORDER BY first LIMIT 1',
    ),
    add: store.prepare(`INSERT INTO lease (${columns}) VALUES (?, ?, ?, ?, ?)`),
    drop: store.prepare<[string, string, string | null, string | null], { pool: string; host: number }>(
      `DELETE FROM lease WHERE namespace = ? AND id = ? AND (? IS NULL OR interface = ?) RETURNING pool, host`,
    ),
    holderOf: store.prepare<[string, number], Holder>(
      'SELECT namespace, id, interface FROM lease WHERE pool = ? AND host = ?',
    ),
    heldIn: store.prepare<[string, string, string, string], { host: number }>(
      'SELECT host FROM lease WHERE pool = ? AND namespace = ? AND id = ? AND interface = ?',
    ),
    held: store.prepare<[string, string], Lease>(
      `SELECT ${columns} FROM lease WHERE namespace = ? AND id = ? ORDER BY pool, host`,
    ),
    list: store.prepare<[], Lease>(`SELECT ${columns} FROM lease ORDER BY pool, host`),
  };
}
