import type { FileCalls } from '../../kernel/files.js';
import { pathBytes, fromText } from './bytes.js';

/** Overlayfs keeps its notes in attributes of this name (overlayfs.rst); `user` is for those without rights. */
const prefixes = ['trusted.overlay.', 'user.overlay.'];

/** Whether an attribute is such a note, and therefore no content. */
export const isOverlayNote = (name: string): boolean => prefixes.some((prefix) => name.startsWith(prefix));

/** What overlayfs noted of a directory or a file: by name, without the prefix. */
export function overlayNotes(files: FileCalls, path: string): ReadonlyMap<string, string> {
  const notes = new Map<string, string>();
  for (const [name, value] of files.attributes(pathBytes(path))) {
    const prefix = prefixes.find((each) => name.startsWith(each));
    if (prefix !== undefined) notes.set(name.slice(prefix.length), value.toString('latin1'));
  }
  return notes;
}

/** Whether a directory hides what lower layers have in it. The path is text. */
export const isOpaque = (files: FileCalls, path: string): boolean =>
  overlayNotes(files, fromText(path)).get('opaque') === 'y';
