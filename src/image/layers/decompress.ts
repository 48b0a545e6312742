import { pipeline, type Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { ImageError } from '../error.js';
import type { Compression } from '../media-types.js';
import { unzstd } from './unzstd.js';

/** Of what comes out: large enough that the threads that decompress are not waited for, small enough to stay in caches. */
const chunkSize = 256 * 1024;
/** Bytes that are made ahead while others are written to files. */
const readableHighWaterMark = 8 * chunkSize;

/**
 * Decompresses, on threads of libuv's pool where Node has the code, so that files are written meanwhile.
 *
 * The stream that is returned fails when the source does, and destroys it when it ends early.
 *
 * @throws ImageError unsupported
 */
export function decompress(source: Readable, compression: Compression): Readable {
  const transform = transformFor(compression);
  // Errors come out of the stream itself.
  return transform === undefined ? source : pipeline(source, transform, () => undefined);
}

function transformFor(compression: Compression): Transform | undefined {
  const options = { chunkSize, readableHighWaterMark };
  if (compression === 'none') return undefined;
  if (compression === 'gzip') return zlib.createGunzip(options);
  if (compression === 'zstd') return createZstdDecompress?.(options) ?? unzstd();
  throw new ImageError('unsupported', `layers compressed with ${compression} are not supported`);
}

/** Of Node 22.15 and later. */
const { createZstdDecompress } = zlib as { createZstdDecompress?: (options: zlib.ZlibOptions) => Transform };

/** Whether an error says that what was to be decompressed is damaged. */
export function isDamage(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^(?:Z_|ZSTD_|ERR_ZLIB)/.test(code);
}
