import { createHash } from 'node:crypto';
import type { Store } from '../../store/database.js';
import { openDatabase } from '../../store/database.js';
import { parseDigest } from '../digest.js';
import type { Layer } from './new-layer.js';

/** What a step made, when it was done before. */
export interface CachedStep {
  /** undefined: it changed nothing */
  readonly layer: Layer | undefined;
  /** when it was done, as RFC 3339 has it */
  readonly created: string;
}

/** Remembers which layer a step made, by all that can make it another. */
export interface BuildCache {
  find(key: string): CachedStep | undefined;
  put(key: string, step: CachedStep): void;
  /** Forgets a step whose layer is not there any more. */
  drop(key: string): void;
  /** Forgets all. @returns the keys */
  clear(): readonly string[];
  close(): void;
}

interface Row {
  readonly diff_id: string | null;
  readonly digest: string | null;
  readonly size: number;
  readonly media_type: string;
  readonly created: string;
}

const schema = `
  CREATE TABLE step (
    key TEXT PRIMARY KEY,
    diff_id TEXT,
    digest TEXT,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    created TEXT NOT NULL
  ) WITHOUT ROWID;
`;

/** Opens (or makes) the cache. @throws Error naming the path */
export function openBuildCache(path: string): BuildCache {
  const store = openDatabase(path, { version: 1, schema });
  // Unlike what else is kept in this way, this file is there after a crash of the machine.
  store.pragma('synchronous = NORMAL');
  return cacheIn(store);
}

function cacheIn(store: Store): BuildCache {
  const find = store.prepare<[string], Row>('SELECT * FROM step WHERE key = ?');
  const put = store.prepare('INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?, ?, ?)');
  const drop = store.prepare('DELETE FROM step WHERE key = ?');
  return {
    find(key) {
      const row = find.get(key);
      if (row === undefined) return undefined;
      if (row.digest === null || row.diff_id === null) return { layer: undefined, created: row.created };
      const descriptor = {
        mediaType: row.media_type,
        digest: parseDigest(row.digest, 'the build cache'),
        size: row.size,
      };
      return {
        layer: { descriptor, diffId: parseDigest(row.diff_id, 'the build cache') },
        created: row.created,
      };
    },
    put(key, { layer, created }) {
      const { digest = null, size = 0, mediaType = '' } = layer?.descriptor ?? {};
      put.run(key, layer?.diffId ?? null, digest, size, mediaType, created);
    },
    drop(key) {
      drop.run(key);
    },
    clear() {
      const keys = store.prepare<[], { key: string }>('DELETE FROM step RETURNING key').all();
      return keys.map(({ key }) => key);
    },
    close() {
      store.close();
    },
  };
}

/** A key of all that a step depends upon. */
export const stepKey = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');
