import { createHash } from 'node:crypto';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Blobs } from '../content/blobs.js';
import type { Descriptor } from '../descriptor.js';
import { digestOf, type Digest } from '../digest.js';
import { ociLayer } from '../media-types.js';

/** A layer that is in the store. */
export interface Layer {
  readonly descriptor: Descriptor;
  /** of its tar, uncompressed */
  readonly diffId: Digest;
}

/** Compresses the tar of a layer, and puts it into the store. */
export async function storeLayer(tar: Readable, blobs: Blobs, signal?: AbortSignal): Promise<Layer> {
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const blob = await blobs.create();
  try {
    const write = async (source: AsyncIterable<Uint8Array>): Promise<void> => {
      for await (const chunk of source) await blob.write(chunk);
    };
    await pipeline(tar, hashing, createGzip({ level: 6, chunkSize: 64 * 1024 }), write, { signal });
    const { digest, size } = await blob.commit();
    return { descriptor: { mediaType: `${ociLayer}+gzip`, digest, size }, diffId: digestOf('sha256', hash) };
  } catch (error) {
    await blob.abort();
    throw error;
  }
}
