import { createHash } from 'node:crypto';
import { digestOf, type Digest } from '../digest.js';
import type { BlobKey, NewBlob } from './blobs.js';
import type { FileWriter } from './file-writer.js';

/** Where a new blob goes when its digest is known. */
export interface NewBlobPlace {
  /** Keeps it from the garbage collection, and says whether it is there. */
  has(blob: BlobKey): Promise<boolean>;
  path(digest: Digest): string;
  /** Is told that it is about to be there. */
  wrote(digest: Digest): void;
}

/** A blob that is hashed while it is written. */
export function newBlob(writer: FileWriter, place: NewBlobPlace): NewBlob {
  const hash = createHash('sha256');
  return {
    write: async (chunk) => {
      await writer.write(chunk);
      hash.update(chunk);
    },
    commit: async () => {
      const blob = { digest: digestOf('sha256', hash), size: writer.offset };
      if (await place.has(blob)) await writer.remove();
      else {
        place.wrote(blob.digest);
        await writer.renameTo(place.path(blob.digest));
      }
      return blob;
    },
    abort: () => writer.remove(),
  };
}
