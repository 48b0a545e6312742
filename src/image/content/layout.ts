import { join } from 'node:path';
import { algorithmOf, hexOf, type Digest } from '../digest.js';

/** Where what lies in a data directory: an OCI image layout (image-spec image-layout.md), and what is ours. */
export interface Layout {
  readonly root: string;
  readonly marker: string;
  readonly index: string;
  readonly blobs: string;
  /** what is not complete, not known to others, or to be removed; each file is locked while it is used */
  readonly ingest: string;
  readonly database: string;
}

export function layoutAt(root: string): Layout {
  return {
    root,
    marker: join(root, 'oci-layout'),
    index: join(root, 'index.json'),
    blobs: join(root, 'blobs'),
    ingest: join(root, 'ingest'),
    database: join(root, 'images.db'),
  };
}

export const blobPath = ({ blobs }: Layout, digest: Digest): string =>
  join(blobs, algorithmOf(digest), hexOf(digest));

/** Of a blob that is not complete. */
export const partialPath = ({ ingest }: Layout, digest: Digest): string =>
  join(ingest, `${algorithmOf(digest)}-${hexOf(digest)}`);

/** The content of `oci-layout`. */
export const layoutMarker = '{"imageLayoutVersion":"1.0.0"}';
