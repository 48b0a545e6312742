import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDigest, type Digest } from '../digest.js';
import { ImageError } from '../error.js';
import { array, parseJson } from '../fields.js';

const file = 'chains.json';

/**
 * Writes down which states of layers a container needs, lowest first, before anything else of it is made: what is named
 * here is not collected.
 */
export async function writeChains(directory: string, chains: readonly Digest[]): Promise<void> {
  const fresh = join(directory, `${file}.new`);
  await writeFile(fresh, JSON.stringify({ chains }), { mode: 0o600 });
  await rename(fresh, join(directory, file));
}

/** @returns undefined when the container has not come so far */
export async function readChains(directory: string): Promise<readonly Digest[] | undefined> {
  const path = join(directory, file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return array(parseJson(text, path)['chains'], path, (value, where) => {
    if (isDigest(value)) return value;
    throw new ImageError('corrupt', `${where} is no digest`);
  });
}
