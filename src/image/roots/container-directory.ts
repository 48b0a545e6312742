import { mkdir, rm } from 'node:fs/promises';
import type { Digest } from '../digest.js';
import { ImageError } from '../error.js';
import { writeChains } from './record.js';

/**
 * Makes the directory of a container, and first of all in it the record of what it needs. What fails leaves nothing.
 *
 * @param remove takes the directory away again, with what `fill` made elsewhere
 *
 * @throws ImageError already-exists
 */
export async function makeContainerDirectory(
  directory: string,
  key: string,
  chains: readonly Digest[],
  fill: () => Promise<void>,
  remove: () => Promise<void> = () => rm(directory, { recursive: true, force: true }),
): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new ImageError('already-exists', `container ${key} has a root already`);
  }
  try {
    await writeChains(directory, chains);
    await fill();
  } catch (error) {
    await remove();
    throw error;
  }
}
