import { openDatabase, type Store } from './database.js';

/** Raised with every change of the tables below. */
const schemaVersion = 2;

/**
 * A lease is an address, as its number within its pool, and who holds it. A gap is a run of addresses that nobody
 * holds; gaps of a pool neither overlap nor touch, so that one is found without reading the others.
 */
const schema = `
  CREATE TABLE pool (
    pool TEXT NOT NULL PRIMARY KEY,
    next INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE gap (
    pool TEXT NOT NULL REFERENCES pool (pool) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (pool, first)
  ) WITHOUT ROWID;
  CREATE TABLE lease (
    pool TEXT NOT NULL REFERENCES pool (pool),
    host INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    interface TEXT NOT NULL,
    PRIMARY KEY (pool, host),
    UNIQUE (namespace, id, interface, pool)
  ) WITHOUT ROWID;
  CREATE TABLE mac (
    mac TEXT NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    interface TEXT NOT NULL,
    UNIQUE (namespace, id, interface)
  ) WITHOUT ROWID;
  CREATE TABLE port (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    interface TEXT NOT NULL,
    protocol TEXT NOT NULL,
    address TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (protocol, first, last, address)
  ) WITHOUT ROWID;
  CREATE INDEX port_of ON port (namespace, id);
  CREATE TABLE name (
    network TEXT NOT NULL,
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    interface TEXT NOT NULL,
    addresses TEXT NOT NULL,
    names TEXT NOT NULL,
    PRIMARY KEY (namespace, id, interface)
  ) WITHOUT ROWID;
  CREATE INDEX name_in ON name (network);
  CREATE TABLE attachment (
    network TEXT NOT NULL,
    id TEXT NOT NULL,
    interface TEXT NOT NULL,
    jid INTEGER NOT NULL,
    PRIMARY KEY (network, id, interface)
  ) WITHOUT ROWID;
  CREATE TABLE attached (
    network TEXT NOT NULL,
    id TEXT NOT NULL,
    interface TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (network, id, interface, seq),
    FOREIGN KEY (network, id, interface) REFERENCES attachment ON DELETE CASCADE
  ) WITHOUT ROWID;
`;

/**
 * Opens (or makes) the database of what containers hold of the networks of this host. Unlike the one of a daemon,
 * several programs use it at the same time: daemons and the CNI plugin. As that one, it does not outlive a reboot.
 *
 * @throws Error naming the path when the file cannot be opened, is not a database, or is of another version
 */
export function openNetworkStore(path: string): Store {
  return openDatabase(path, { version: schemaVersion, schema });
}
