import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase, type Store } from '../../store/database.js';
import { containersFolder, type Places } from '../places.js';

const tables = {
  version: 1,
  schema: `
    CREATE TABLE container (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      created INTEGER NOT NULL,
      phase TEXT NOT NULL,
      started INTEGER,
      ended INTEGER,
      exit_status INTEGER,
      settings TEXT NOT NULL
    ) WITHOUT ROWID;
  `,
};

/** Opens (or makes) the table of jailer's containers. @throws Error naming the file */
export function openState(places: Places): Store {
  mkdirSync(containersFolder(places), { recursive: true, mode: 0o700 });
  const store = openDatabase(join(places.data, 'containers.db'), tables);
  // Unlike the daemon's, it outlives the machine's crash: what is in it lies in the data directory.
  store.pragma('synchronous = NORMAL');
  return store;
}
