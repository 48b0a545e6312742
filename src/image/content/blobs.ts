import type { Readable } from 'node:stream';
import type { Descriptor } from '../descriptor.js';
import type { Digest } from '../digest.js';

/** What a blob is found and checked by. */
export type BlobKey = Pick<Descriptor, 'digest' | 'size'>;

/**
 * Bytes by their digest.
 *
 * What `has` finds and what is written here stays until this store is closed: the garbage collection of another program
 * does not remove it. What is to stay longer is named or leased before.
 */
export interface Blobs {
  /** Whether the whole blob is there, of this size. */
  has(blob: BlobKey): Promise<boolean>;
  /** Where the blob lies, if it does: a file that may be opened, or sent by the kernel, but never changed. */
  path(digest: Digest): string;
  /**
   * Reads a document.
   *
   * @param maximum bytes
   * @throws ImageError not-found; corrupt when digest or size are others; exhausted above the maximum
   */
  read(blob: BlobKey, maximum: number): Promise<Buffer>;
  /** Streams a blob; fails at the end with ImageError corrupt when digest or size are others. */
  open(blob: BlobKey): Readable;
  /**
   * Begins or resumes to write a blob whose digest is known. One program at a time writes the same one: this waits for
   * the other.
   *
   * @returns undefined when the blob is there, perhaps by the other's work
   * @throws ImageError cancelled, exhausted, failed
   */
  ingest(blob: BlobKey, options?: { readonly signal?: AbortSignal }): Promise<Ingest | undefined>;
  /** Begins to write a blob whose digest comes of its bytes. */
  create(): Promise<NewBlob>;
  /** Writes a small document. */
  put(bytes: Uint8Array, mediaType: string): Promise<Descriptor>;
}

/**
 * A blob on its way. Writes are to be awaited, one after the other. It ends by one of commit, close and abort; close and
 * abort may also follow one that failed.
 */
export interface Ingest {
  /** bytes that are there, from an earlier try or by `write` */
  readonly offset: number;
  /** @throws ImageError corrupt beyond the size; exhausted on a full disk: nothing is left of the blob then */
  write(chunk: Uint8Array): Promise<void>;
  /** Begins again at byte 0: for a server that cannot send the rest. */
  restart(): Promise<void>;
  /**
   * Makes it a blob of the store, on the disk.
   *
   * @throws ImageError corrupt when bytes are missing, which may still be written later, or when the digest is another:
   * nothing is left of the blob then
   */
  commit(): Promise<void>;
  /** Stops, and keeps what is there for the next try. */
  close(): Promise<void>;
  /** Stops, and removes what is there. */
  abort(): Promise<void>;
}

/** A new blob on its way. It ends by commit or abort; abort may follow a commit that failed. */
export interface NewBlob {
  /** @throws ImageError exhausted on a full disk */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes it a blob of the store, on the disk; if it is there already, this one is dropped. */
  commit(): Promise<{ readonly digest: Digest; readonly size: number }>;
  abort(): Promise<void>;
}
