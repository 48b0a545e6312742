import { change } from './change.js';
import type { Store } from './database.js';

/** The name of a container: the same id may exist in two namespaces. */
export interface ContainerKey {
  readonly namespace: string;
  readonly id: string;
}

/** A container that exists, or whose remains do. `pid` is that of its init process, 0 before there is one. */
export interface ContainerRow extends ContainerKey {
  readonly bundle: string;
  readonly pid: number;
}

/** One thing that was about to be made for a container: `detail` is for the runtime that wrote it. */
export interface MadeRow {
  readonly seq: number;
  readonly kind: string;
  readonly detail: unknown;
}

/** What the daemon remembers of its containers beyond its own death. */
export interface ContainerStore {
  /** Writes the container down. @throws if it is there already */
  add(key: ContainerKey, bundle: string): void;
  setPid(key: ContainerKey, pid: number): void;
  /** Forgets the container and all that was made for it. */
  remove(key: ContainerKey): void;
  get(key: ContainerKey): ContainerRow | undefined;
  list(): ContainerRow[];
  /** Writes down a thing *before* it is made; answers its number, for `unmade`. */
  making(key: ContainerKey, kind: string, detail: unknown): number;
  unmade(key: ContainerKey, seq: number): void;
  /** What was made for the container, in the order in which it was made. */
  made(key: ContainerKey): MadeRow[];
}

export function containerStore(store: Store): ContainerStore {
  const statements = {
    add: store.prepare('INSERT INTO container (namespace, id, bundle) VALUES (?, ?, ?)'),
    setPid: store.prepare('UPDATE container SET pid = ? WHERE namespace = ? AND id = ?'),
    remove: store.prepare('DELETE FROM container WHERE namespace = ? AND id = ?'),
    get: store.prepare<[string, string], ContainerRow>(
      'SELECT namespace, id, bundle, pid FROM container WHERE namespace = ? AND id = ?',
    ),
    list: store.prepare<[], ContainerRow>(
      'SELECT namespace, id, bundle, pid FROM container ORDER BY namespace, id',
    ),
    making: store.prepare<[string, string, string, string, string, string], { seq: number }>(
      `INSERT INTO made (namespace, id, seq, kind, detail)
       VALUES (?, ?, (SELECT coalesce(max(seq), 0) + 1 FROM made WHERE namespace = ? AND id = ?), ?, ?)
       RETURNING seq`,
    ),
    unmade: store.prepare('DELETE FROM made WHERE namespace = ? AND id = ? AND seq = ?'),
    made: store.prepare<[string, string], { seq: number; kind: string; detail: string }>(
      'SELECT seq, kind, detail FROM made WHERE namespace = ? AND id = ? ORDER BY seq',
    ),
  };
  return {
    add: ({ namespace, id }, bundle) => {
      change(store, () => statements.add.run(namespace, id, bundle));
    },
    setPid: ({ namespace, id }, pid) => {
      change(store, () => statements.setPid.run(pid, namespace, id));
    },
    remove: ({ namespace, id }) => {
      change(store, () => statements.remove.run(namespace, id));
    },
    get: ({ namespace, id }) => statements.get.get(namespace, id),
    list: () => statements.list.all(),
    making: ({ namespace, id }, kind, detail) => {
      // Not get(), which leaves the statement at its row and does not hear that the commit behind it fails.
      const [row] = change(store, () =>
        statements.making.all(namespace, id, namespace, id, kind, JSON.stringify(detail)),
      );
      if (row === undefined) throw new Error(`store: ${namespace}/${id}: no row for ${kind}`);
      return row.seq;
    },
    unmade: ({ namespace, id }, seq) => {
      change(store, () => statements.unmade.run(namespace, id, seq));
    },
    made: ({ namespace, id }) =>
      statements.made.all(namespace, id).map(({ seq, kind, detail }) => ({
        seq,
        kind,
        detail: JSON.parse(detail) as unknown,
      })),
  };
}
