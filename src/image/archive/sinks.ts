import type { BlobKey, Blobs } from '../content/blobs.js';
import { ImageError } from '../error.js';
import { maximumDocument } from '../manifest.js';

/** Where the bytes of a member go. */
export interface Sink {
  write(chunk: Uint8Array): Promise<void> | void;
  /** All bytes are there. */
  end(): Promise<void> | void;
  /** There will be no more, and what is there is to be forgotten. Also after `end`. */
  abort(): Promise<void> | void;
}

const nothing = (): void => undefined;

export const skip: Sink = { write: nothing, end: nothing, abort: nothing };

/** A document: small, and kept in memory. @throws ImageError exhausted */
export function documentSink(where: string, size: number, done: (text: string) => void): Sink {
  if (size > maximumDocument) {
    throw new ImageError('exhausted', `${where}: ${size} bytes are too many for a document`);
  }
  const parts: Uint8Array[] = [];
  return {
    write: (chunk) => {
      parts.push(Uint8Array.from(chunk));
    },
    end: () => {
      done(Buffer.concat(parts).toString());
    },
    abort: nothing,
  };
}

/** A blob whose name is its digest. */
export async function blobSink(blobs: Blobs, blob: BlobKey, signal?: AbortSignal): Promise<Sink> {
  const ingest = await blobs.ingest(blob, { ...(signal && { signal }) });
  if (ingest === undefined) return skip;
  if (ingest.offset > 0) await ingest.restart();
  return {
    write: (chunk) => ingest.write(chunk),
    end: () => ingest.commit(),
    abort: () => ingest.abort(),
  };
}

/** A blob whose name says nothing. */
export async function newBlobSink(blobs: Blobs, done: (blob: BlobKey) => void): Promise<Sink> {
  const created = await blobs.create();
  return {
    write: (chunk) => created.write(chunk),
    end: async () => {
      done(await created.commit());
    },
    abort: () => created.abort(),
  };
}
