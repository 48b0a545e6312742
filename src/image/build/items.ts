import type { Compression } from '../media-types.js';

/** What a new layer is made of. Paths are relative to the image's root and have no `.`, `..` or empty parts. */
export type LayerItem = LayerFile | LayerDirectory | LayerLink;

interface Common {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** seconds since 1970 */
  readonly modified: number;
}

export interface LayerFile extends Common {
  readonly type: 'file';
  /** bytes of its content */
  readonly size: number;
  readonly content: { readonly hostPath: string } | { readonly bytes: Uint8Array };
}

export interface LayerDirectory extends Common {
  readonly type: 'directory';
}

export interface LayerLink extends Common {
  readonly type: 'symlink';
  readonly target: string;
}

/** An archive that ADD unpacks into a directory. */
export interface LayerArchive {
  readonly hostPath: string;
  readonly compression: Compression;
  /** the directory, as a path of the image */
  readonly directory: string;
  /** whom all is to belong to; undefined: as the archive says */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** All that one COPY or ADD brings. */
export interface LayerContent {
  readonly items: readonly LayerItem[];
  readonly archives: readonly LayerArchive[];
}
