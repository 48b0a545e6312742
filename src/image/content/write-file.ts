import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError } from './failure.js';
import type { Layout } from './layout.js';

/** The beginning of the names of files that are written beside those which they replace. */
export const writingPrefix = 'write-';

export const randomName = (prefix: string): string => `${prefix}${randomBytes(8).toString('hex')}`;

/**
 * Replaces a small file as a whole: whoever reads it, also after the machine lost power, finds the old or the new text.
 *
 * @throws ImageError exhausted or failed, naming the file; the old one is there still
 */
export function replaceFile(layout: Layout, path: string, text: string): void {
  const beside = join(layout.ingest, randomName(writingPrefix));
  try {
    const fd = openSync(beside, 'wx', 0o644);
    try {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, path);
    syncDirectoryNow(dirname(path));
  } catch (error) {
    rmSync(beside, { force: true });
    throw fileError(error, path);
  }
}

function syncDirectoryNow(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes what was renamed in a directory last. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
