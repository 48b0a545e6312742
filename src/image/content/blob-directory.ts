import { constants } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sha256, type Digest } from '../digest.js';
import { ImageError } from '../error.js';
import type { BlobKey, Blobs, Ingest } from './blobs.js';
import { fileError, stopIfCancelled, unlessMissing } from './failure.js';
import { openLocked, type FileLocks } from './file-lock.js';
import { FileWriter } from './file-writer.js';
import { resumeIngest } from './ingest.js';
import { blobPath, partialPath, type Layout } from './layout.js';
import { newBlob } from './new-blob.js';
import { openBlob, readBlob } from './read-blob.js';
import { randomName } from './write-file.js';

/** The beginning of the names of files whose digest is not known yet. */
export const newBlobPrefix = 'new-';

/** Between two looks at what another program is writing, milliseconds. */
const pause = 50;

export interface BlobDirectoryOptions {
  readonly layout: Layout;
  readonly locks: FileLocks;
  /** keeps a digest from the garbage collection, before it is looked for or written */
  readonly hold: (digest: Digest) => Promise<void>;
  /** is told what is written here, before it is there */
  readonly wrote: (digest: Digest) => void;
}

/** Blobs as files of an OCI image layout. */
export function blobDirectory({ layout, locks, hold, wrote }: BlobDirectoryOptions): Blobs {
  const path = (digest: Digest): string => blobPath(layout, digest);

  const has = async ({ digest, size }: BlobKey): Promise<boolean> => {
    await hold(digest);
    const found = await unlessMissing(stat(path(digest)), undefined);
    return found?.isFile() === true && found.size === size;
  };

  const ingest = async (blob: BlobKey, signal?: AbortSignal): Promise<Ingest | undefined> => {
    const partial = partialPath(layout, blob.digest);
    for (;;) {
      stopIfCancelled(signal, blob.digest);
      if (await has(blob)) return undefined;
      const file = await openLocked(locks, partial, constants.O_CREAT);
      if (file === undefined) {
        await delay(pause, undefined, { ...(signal && { signal }) });
        continue;
      }
      try {
        // Who had it locked before may have completed it since the look above.
        if (!(await has(blob))) {
          wrote(blob.digest);
          return await resumeIngest(file, partial, path(blob.digest), blob, signal);
        }
      } catch (error) {
        await file.close();
        throw error;
      }
      await new FileWriter(file, partial, 0).remove();
      return undefined;
    }
  };

  const create: Blobs['create'] = async () => {
    try {
      for (;;) {
        const place = join(layout.ingest, randomName(newBlobPrefix));
        const file = await openLocked(locks, place, constants.O_CREAT | constants.O_EXCL);
        // Who cleans up may have had it locked for a moment, and has removed it then.
        if (file !== undefined) return newBlob(new FileWriter(file, place, 0), { has, path, wrote });
      }
    } catch (error) {
      throw fileError(error, layout.ingest);
    }
  };

  return {
    has,
    path,
    create,
    read: (blob, maximum) => readBlob(path(blob.digest), blob, maximum),
    open: (blob) => openBlob(path(blob.digest), blob),
    ingest: async (blob, { signal } = {}) => {
      try {
        return await ingest(blob, signal);
      } catch (error) {
        if (signal?.aborted === true) {
          throw new ImageError('cancelled', `${blob.digest}: told to stop`, { cause: error });
        }
        throw fileError(error, blob.digest);
      }
    },
    put: async (bytes, mediaType) => {
      const blob = { mediaType, digest: sha256(bytes), size: bytes.length };
      if (await has(blob)) return blob;
      const writing = await create();
      try {
        await writing.write(bytes);
        await writing.commit();
      } finally {
        await writing.abort();
      }
      return blob;
    },
  };
}
