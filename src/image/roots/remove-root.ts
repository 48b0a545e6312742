import { rm } from 'node:fs/promises';
import type { FileCalls } from '../../kernel/files.js';
import { fromText } from '../layers/bytes.js';
import { removeTree } from '../layers/remove.js';

/** Removes a directory that holds what an image said, if it is there: flags such as FreeBSD's `schg` do not stop this. */
export async function removeRoot(files: FileCalls, path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    // Node takes what may not be removed for a directory, and says so; this says what is the matter.
    removeTree(files, fromText(path));
  }
}
