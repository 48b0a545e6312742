import Database from 'better-sqlite3';

/** An open store. Every file of src/store takes it as its first argument. */
export type Store = Database.Database;

/** Raised with every change of the tables below; another number means another program's file. */
const schemaVersion = 1;

const schema = `
  CREATE TABLE container (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    bundle TEXT NOT NULL,
    pid INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (namespace, id)
  ) WITHOUT ROWID;
  CREATE TABLE made (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (namespace, id, seq),
    FOREIGN KEY (namespace, id) REFERENCES container (namespace, id) ON DELETE CASCADE
  ) WITHOUT ROWID;
`;

/** The tables of a file, and the number that tells them from those of other versions. */
export interface Schema {
  readonly version: number;
  readonly schema: string;
  /** Whether the file outlives a reboot: it must be whole then after the machine lost power. False if left out. */
  readonly lasting?: boolean;
}

/**
 * Opens (or makes) the database in which the daemon writes down what it makes.
 *
 * @throws Error naming the path when the file cannot be opened, is not a database, or is of another version
 */
export function openStore(path: string): Store {
  return openDatabase(path, { version: schemaVersion, schema });
}

/**
 * Opens (or makes) a database of the given tables.
 *
 * A file that is not `lasting` lies below the run directory, which does not survive a reboot, so only the death of the
 * process must be survived and never that of the machine: no fsync (synchronous = OFF), as a write
 * that reached the page cache is kept. WAL lets others read while a dead process's log is still there.
 *
 * @throws Error naming the path when the file cannot be opened, is not a database, or is of another version
 */
export function openDatabase(path: string, tables: Schema): Store {
  let store: Store | undefined;
  try {
    store = new Database(path, { timeout: 2000 });
    store.pragma('journal_mode = WAL');
    store.pragma(`synchronous = ${tables.lasting === true ? 'NORMAL' : 'OFF'}`);
    store.pragma('foreign_keys = ON');
    store.pragma('cache_size = -256');
    if (migrate(store, tables)) reserveRoom(store);
    return store;
  } catch (error) {
    store?.close();
    throw new Error(`store ${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** @returns whether the tables were made just now */
function migrate(store: Store, tables: Schema): boolean {
  const create = store.transaction((): boolean => {
    const version = store.pragma('user_version', { simple: true });
    if (version === tables.version) return false;
    if (version !== 0) {
      throw new Error(`schema version ${String(version)}, this program knows ${tables.version}`);
    }
    store.exec(tables.schema);
    store.pragma(`user_version = ${tables.version}`);
    return true;
  });
  // Two programs may open a new file at the same moment: the second waits for the first, then finds the tables.
  return create.immediate();
}

/** Bytes; the rows of some three hundred containers. */
const room = 128 * 1024;

/**
 * Lengthens a new file and its log by pages that are free, so that what is written while the disk is full has its place:
 * see `change`.
 */
function reserveRoom(store: Store): void {
  store.exec(`CREATE TABLE room (bytes BLOB); INSERT INTO room VALUES (zeroblob(${room}))`);
  store.exec('DROP TABLE room');
  store.pragma('wal_checkpoint(PASSIVE)');
}
