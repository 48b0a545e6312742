import { lchownSync, chmodSync, lutimesSync } from 'node:fs';
import type { FileCalls } from '../../kernel/files.js';
import { nativePath, pathBytes } from './bytes.js';
import { isOverlayNote } from './overlay.js';
import type { Entry, Time } from './tar/entry.js';

export type Metadata = Pick<Entry, 'type' | 'mode' | 'uid' | 'gid' | 'mtime' | 'attributes'>;

/**
 * Gives a file, a directory or a link what its entry says: owner first, for that takes set-id bits and capabilities away. Flags
 * come later, for they forbid what is still to be done.
 */
export function setMetadata(files: FileCalls, path: string, entry: Metadata): void {
  const native = nativePath(path);
  lchownSync(native, entry.uid, entry.gid);
  // A symbolic link's own mode means nothing.
  if (entry.type !== 'symlink') chmodSync(native, entry.mode);
  setAttributes(files, path, entry.attributes);
  setTime(files, path, entry.mtime);
}

export function setAttributes(files: FileCalls, path: string, attributes: ReadonlyMap<string, Buffer>): void {
  if (attributes.size === 0) return;
  const bytes = pathBytes(path);
  for (const [name, value] of attributes) if (!isOverlayNote(name)) files.setAttribute(bytes, name, value);
}

/** Takes away what a directory of a lower layer had, and this layer does not say. */
export function clearAttributes(files: FileCalls, path: string, kept: ReadonlyMap<string, Buffer>): void {
  const bytes = pathBytes(path);
  for (const name of files.attributes(bytes).keys()) {
    if (!kept.has(name) && !isOverlayNote(name)) files.removeAttribute(bytes, name);
  }
}

/** Node takes seconds as a double, which is exact for whole ones. */
export function setTime(files: FileCalls, path: string, time: Time): void {
  if (time.nanoseconds === 0) lutimesSync(nativePath(path), time.seconds, time.seconds);
  else files.setTime(pathBytes(path), time);
}
