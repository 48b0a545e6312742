import { lstat, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from '../../store/database.js';
import { isMissing, unlessMissing } from './failure.js';
import { openLocked, type FileLocks } from './file-lock.js';
import type { Layout } from './layout.js';
import { writingPrefix } from './write-file.js';

/** What was removed of what is not complete. */
export interface Swept {
  readonly files: number;
  readonly bytes: number;
}

/** Files are locked from the moment they are made; but those for replacing others are there for a moment without. */
const youngest = 60 * 60 * 1000;

const isPartial = (name: string): boolean => /^sha(?:256|512)-[0-9a-f]+$/.test(name);

/**
 * Removes what programs that were killed have left: their holds, what they wrote of new blobs, and, if no program has it
 * locked, what is there of downloads that nobody went on with for so long.
 *
 * @param stale milliseconds; Infinity keeps downloads for being resumed
 */
export async function sweep(
  store: Store,
  layout: Layout,
  locks: FileLocks,
  stale = Infinity,
): Promise<Swept> {
  let [files, bytes] = [0, 0];
  for (const name of await readdir(layout.ingest)) {
    const path = join(layout.ingest, name);
    const patience = isPartial(name) ? stale : name.startsWith(writingPrefix) ? youngest : 0;
    const found = await unlessMissing(lstat(path), undefined);
    if (found?.isFile() !== true || Date.now() - found.mtimeMs < patience) continue;
    if (!(await removeUnlocked(locks, path))) continue;
    files += 1;
    bytes += found.size;
  }
  // A holder writes rows only while its file is there, and locked.
  const holders = store.prepare<[], { holder: string }>('SELECT DISTINCT holder FROM hold').all();
  const drop = store.prepare('DELETE FROM hold WHERE holder = ?');
  for (const { holder } of holders) {
    if ((await unlessMissing(stat(join(layout.ingest, holder)), undefined)) === undefined) drop.run(holder);
  }
  return { files, bytes };
}

async function removeUnlocked(locks: FileLocks, path: string): Promise<boolean> {
  let file;
  try {
    file = await openLocked(locks, path, 0);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  if (file === undefined) return false;
  try {
    await rm(path, { force: true });
    return true;
  } finally {
    await file.close();
  }
}
