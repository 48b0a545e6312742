import { reason } from '../../runtime/error.js';
import { openDatabase, type Store } from '../../store/database.js';
import { ImageError } from '../error.js';
import { codeOf } from './failure.js';

/** Raised with every change of the tables below. */
const schemaVersion = 1;

/**
 * An image is a name for a manifest or an index. A lease keeps digests, and what they refer to, for something that lasts,
 * as a container does; a hold keeps them for a program that runs: `holder` is a file that it has locked.
 */
const schema = `
  CREATE TABLE image (
    name TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL,
    descriptor TEXT NOT NULL,
    created INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE lease (
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (key, digest)
  ) WITHOUT ROWID;
  CREATE TABLE hold (
    holder TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (holder, digest)
  ) WITHOUT ROWID;
`;

/** Others write for as long as it takes to bring a small file to a disk that is busy. Milliseconds. */
const patience = 20_000;

/** @throws ImageError failed, naming the file, when it cannot be opened or is another program's */
export function openImageDatabase(path: string): Store {
  try {
    const store = openDatabase(path, { version: schemaVersion, schema, lasting: true });
    store.pragma(`busy_timeout = ${patience}`);
    return store;
  } catch (error) {
    throw databaseError(error, path);
  }
}

/** @returns what SQLite said of a file, as an error of this folder; one of ours stays as it is */
export function databaseError(error: unknown, path: string): ImageError {
  if (error instanceof ImageError) return error;
  const code = codeOf(error) ?? codeOf(error instanceof Error ? error.cause : undefined);
  if (code === 'SQLITE_FULL') {
    return new ImageError('exhausted', `${path}: no space left on the disk`, { cause: error });
  }
  return new ImageError('failed', `${path}: ${reason(error)}`, { cause: error });
}
