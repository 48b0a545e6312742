import type { FileCalls } from '../../kernel/files.js';
import type { Blobs } from '../content/blobs.js';
import { ImageError } from '../error.js';
import type { Lower } from '../layers/tree.js';
import { unpack } from '../layers/unpack.js';
import { compressionOf } from '../media-types.js';
import { noProgress } from '../progress.js';
import type { PrepareOptions, RootLayer } from './roots.js';

export interface LayerToUnpack {
  readonly layer: RootLayer;
  readonly blobs: Blobs;
  readonly directory: string;
  readonly whiteouts: 'remove' | 'overlay';
  readonly lower?: Lower;
  readonly files: FileCalls;
}

/** Unpacks a layer of the store into a directory, and tells how far it has come. */
export async function unpackLayer(
  { layer, blobs, directory, whiteouts, lower, files }: LayerToUnpack,
  { progress = noProgress, signal }: PrepareOptions,
): Promise<void> {
  const { descriptor, diffId } = layer;
  const compression = compressionOf(descriptor.mediaType);
  if (compression === undefined) {
    throw new ImageError('unsupported', `layer ${descriptor.digest} is a ${descriptor.mediaType}`);
  }
  const piece = { id: descriptor.digest, what: 'unpacking', total: descriptor.size };
  let done = 0;
  try {
    await unpack(blobs.open(descriptor), compression, directory, {
      files,
      whiteouts,
      expectDiffId: diffId,
      ...(lower && { lower }),
      ...(signal && { signal }),
      progress: (bytes) => {
        done = bytes;
        progress({ ...piece, done, state: 'running' });
      },
    });
    progress({ ...piece, done: descriptor.size, state: 'done' });
  } catch (error) {
    progress({ ...piece, done, state: 'failed' });
    throw error;
  }
}
