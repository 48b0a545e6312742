import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { algorithmOf, digestOf, hashFor } from '../digest.js';
import { ImageError } from '../error.js';
import type { BlobKey } from './blobs.js';
import { fileError, isMissing } from './failure.js';

const chunkSize = 256 * 1024;

function readError(error: unknown, { digest }: BlobKey): ImageError {
  if (isMissing(error)) {
    return new ImageError('not-found', `${digest} is not in the store`, { cause: error });
  }
  return fileError(error, digest);
}

/** @throws ImageError not-found, corrupt, exhausted above the maximum */
export async function readBlob(path: string, blob: BlobKey, maximum: number): Promise<Buffer> {
  const { digest, size } = blob;
  if (size > maximum) {
    throw new ImageError(
      'exhausted',
      `${digest} is a document of ${size} bytes; more than ${maximum} are not read`,
    );
  }
  const parts: Buffer[] = [];
  for await (const part of openBlob(path, blob)) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Streams a blob and fails at its end, or as soon as it has too many bytes, when it is not what it is called. */
export function openBlob(path: string, blob: BlobKey): Readable {
  return Readable.from(verified(path, blob), { objectMode: false, highWaterMark: chunkSize });
}

async function* verified(path: string, blob: BlobKey): AsyncGenerator<Buffer> {
  const { digest, size } = blob;
  const hash = hashFor(digest);
  let seen = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: chunkSize })) {
      const bytes = chunk as Buffer;
      seen += bytes.length;
      if (seen > size) break;
      hash.update(bytes);
      yield bytes;
    }
  } catch (error) {
    throw readError(error, blob);
  }
  if (seen !== size) {
    const much = seen > size ? 'more' : `${seen}`;
    throw new ImageError('corrupt', `${digest} in the store has ${much} instead of ${size} bytes`);
  }
  const found = digestOf(algorithmOf(digest), hash);
  if (found !== digest) {
    throw new ImageError('corrupt', `what lies in the store as ${digest} has the digest ${found}`);
  }
}
