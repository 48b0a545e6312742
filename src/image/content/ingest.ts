import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { algorithmOf, digestOf, hashFor } from '../digest.js';
import { ImageError } from '../error.js';
import type { BlobKey, Ingest } from './blobs.js';
import { stopIfCancelled } from './failure.js';
import { FileWriter } from './file-writer.js';

const chunkSize = 1024 * 1024;

/**
 * Resumes a blob at what its partial file holds: the hash of that is computed again, so that nothing but the bytes must
 * be kept.
 *
 * @param file the partial file, locked, and the ingest's from now on
 * @param target the name of the whole blob
 */
export async function resumeIngest(
  file: FileHandle,
  path: string,
  target: string,
  blob: BlobKey,
  signal?: AbortSignal,
): Promise<Ingest> {
  const hash = hashFor(blob.digest);
  let offset = 0;
  const { size } = await file.stat();
  // More than there can be is no beginning of it.
  if (size > blob.size) await file.truncate(0);
  else {
    const buffer = Buffer.allocUnsafe(Math.min(chunkSize, Math.max(size, 1)));
    while (offset < size) {
      stopIfCancelled(signal, blob.digest);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      offset += bytesRead;
    }
  }
  return new BlobIngest(new FileWriter(file, path, offset), target, blob, hash);
}

class BlobIngest implements Ingest {
  readonly #writer: FileWriter;
  readonly #target: string;
  readonly #blob: BlobKey;
  #hash: Hash;

  constructor(writer: FileWriter, target: string, blob: BlobKey, hash: Hash) {
    this.#writer = writer;
    this.#target = target;
    this.#blob = blob;
    this.#hash = hash;
  }

  get offset(): number {
    return this.#writer.offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { digest, size } = this.#blob;
    if (this.offset + chunk.length > size) {
      await this.abort();
      throw new ImageError('corrupt', `${digest} has more than its ${size} bytes`);
    }
    await this.#writer.write(chunk);
    this.#hash.update(chunk);
  }

  async restart(): Promise<void> {
    await this.#writer.truncate();
    this.#hash = hashFor(this.#blob.digest);
  }

  async commit(): Promise<void> {
    const { digest, size } = this.#blob;
    if (this.offset < size) {
      throw new ImageError('corrupt', `${digest} has only ${this.offset} of its ${size} bytes`);
    }
    const found = digestOf(algorithmOf(digest), this.#hash);
    if (found !== digest) {
      await this.abort();
      throw new ImageError('corrupt', `what came as ${digest} has the digest ${found}`);
    }
    await this.#writer.renameTo(this.#target);
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  abort(): Promise<void> {
    return this.#writer.remove();
  }
}
