import type { Store } from './database.js';
import type { Holder } from './leases.js';

/** Hardware addresses and whose they are. */
export interface MacStore {
  /**
   * Writes down the first of the addresses that nobody else has; whoever has one already is answered that one.
   *
   * @returns undefined when all are taken
   */
  take(holder: Holder, candidates: Iterable<string>): string | undefined;
  /** Forgets the addresses of the container, or of one interface of it. */
  release(holder: Omit<Holder, 'interface'> & { readonly interface?: string }): void;
}

export function macStore(store: Store): MacStore {
  const get = store.prepare<[string, string, string], { mac: string }>(
    'SELECT mac FROM mac WHERE namespace = ? AND id = ? AND interface = ?',
  );
  const add = store.prepare('INSERT OR IGNORE INTO mac (mac, namespace, id, interface) VALUES (?, ?, ?, ?)');
  const drop = store.prepare(
    'DELETE FROM mac WHERE namespace = ? AND id = ? AND (? IS NULL OR interface = ?)',
  );
  const take = store.transaction((holder: Holder, candidates: Iterable<string>): string | undefined => {
    const { namespace, id, interface: name } = holder;
    const has = get.get(namespace, id, name);
    if (has !== undefined) return has.mac;
    for (const mac of candidates) if (add.run(mac, namespace, id, name).changes > 0) return mac;
    return undefined;
  });
  return {
    take: (holder, candidates) => take.immediate(holder, candidates),
    release: ({ namespace, id, interface: name }) => {
      drop.run(namespace, id, name ?? null, name ?? null);
    },
  };
}
