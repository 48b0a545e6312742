import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { makeDirectories } from '../../runtime/directories.js';
import { ImageError } from '../error.js';
import { parseJson } from '../fields.js';
import { fileError, unlessMissing } from './failure.js';
import { layoutAt, layoutMarker, type Layout } from './layout.js';
import { replaceFile } from './write-file.js';

/**
 * Makes the directories of a data directory where they are missing. Images may hold secrets: only root reads them.
 *
 * @throws ImageError unsupported when there is an image layout of another version; failed, naming the path
 */
export async function openLayout(root: string): Promise<Layout> {
  const layout = layoutAt(root);
  try {
    await makeDirectories(root, 0o711);
    for (const path of [layout.ingest, join(layout.blobs, 'sha256'), join(layout.blobs, 'sha512')]) {
      await makeDirectories(path, 0o700);
    }
    const marker = await unlessMissing(readFile(layout.marker, 'utf8'), undefined);
    if (marker === undefined) replaceFile(layout, layout.marker, layoutMarker);
    else requireVersion(marker, layout.marker);
    return layout;
  } catch (error) {
    throw fileError(error, root);
  }
}

export function requireVersion(marker: string, where: string): void {
  const version = parseJson(marker, where)['imageLayoutVersion'];
  if (version === '1.0.0') return;
  throw new ImageError('unsupported', `${where}: version ${JSON.stringify(version)}, 1.0.0 is known`);
}
