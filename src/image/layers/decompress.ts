import { pipeline, type Readable, type Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ImageError } from '../error.js';
import type { Compression } from '../media-types.js';

/** Of what comes out: large enough that the threads that decompress are not waited for, small enough to stay in caches. */
const chunkSize = 256 * 1024;
/** Chunks that are made ahead while others are written to files. */
const ahead = 8;

/**
 * Decompresses, on threads of libuv's pool where Node has the code, so that files are written meanwhile.
 *
 * The stream that is returned fails when the source does, and destroys it when it ends early.
 */
export function decompress(source: Readable, compression: Compression): Readable {
  const transform = transformFor(compression);
  // Errors come out of the stream itself.
  return transform === undefined ? source : pipeline(source, transform, () => undefined);
}

function transformFor(compression: Compression): Transform | undefined {
  if (compression === 'none') return undefined;
  if (compression === 'gzip') return createGunzip(options);
  throw new ImageError('unsupported', `layers compressed with ${compression}`);
}

const options = { chunkSize, readableHighWaterMark: ahead * chunkSize };
