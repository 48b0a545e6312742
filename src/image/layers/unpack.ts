import type { Readable } from 'node:stream';
import type { FileCalls } from '../../kernel/files.js';
import { reason } from '../../runtime/error.js';
import { fileError } from '../content/failure.js';
import { digestOf, algorithmOf, hashFor, type Digest } from '../digest.js';
import { ImageError } from '../error.js';
import type { Compression } from '../media-types.js';
import { Applier } from './apply.js';
import { decompress, isDamage } from './decompress.js';
import { usualLimits, within, type Limits } from './limits.js';
import { TarReader } from './tar/reader.js';
import { Tree, type Lower } from './tree.js';
import { overlayWhiteouts, removingWhiteouts } from './whiteouts.js';

export interface UnpackOptions {
  /** The calls of this host on files. */
  readonly files: FileCalls;
  /**
   * 'remove': the directory holds what lower layers have, and loses what this one removes. 'overlay': it is this layer's alone,
   * and tells the removals as Linux's overlay reads them.
   */
  readonly whiteouts: 'remove' | 'overlay';
  /** of the tar, decompressed; without it nothing is checked */
  readonly expectDiffId?: Digest;
  readonly limits?: Limits;
  readonly signal?: AbortSignal;
  /** for 'overlay': what lower layers have */
  readonly lower?: Lower;
  /** Is told of compressed bytes, in all. */
  readonly progress?: (done: number) => void;
}

/** What a layer was. */
export interface Unpacked {
  /** bytes of the tar, decompressed */
  readonly size: number;
  readonly diffId: Digest;
}

/**
 * Unpacks a layer into a directory, which is there and in which nobody else changes anything. Nothing is written outside of it,
 * whatever the layer says. When it fails, the directory holds a part of the layer: it is the caller's to remove.
 *
 * @param tar compressed
 * @throws ImageError corrupt: truncated, or another digest; invalid: what no layer may have; exhausted: beyond a limit, or a
 * full disk; unsupported; cancelled; failed
 */
export async function unpack(
  tar: Readable,
  compression: Compression,
  directory: string,
  options: UnpackOptions,
): Promise<Unpacked> {
  const { files, whiteouts, expectDiffId, limits = usualLimits, signal, lower, progress } = options;
  const tree = new Tree(directory, lower);
  const mode = (whiteouts === 'overlay' ? overlayWhiteouts : removingWhiteouts)(tree, files);
  const applier = new Applier(tree, files, mode);
  const reader = new TarReader(limits);
  const hash = hashFor(expectDiffId ?? 'sha256:');
  let [compressed, size] = [0, 0];
  tar.on('data', (chunk: Buffer) => {
    compressed += chunk.byteLength;
  });
  try {
    for await (const chunk of decompress(tar, compression) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      size += chunk.byteLength;
      within(limits.bytes, size, `more than ${limits.bytes} bytes`);
      if (size > limits.ratioFrom)
        within(limits.ratio, size / compressed, 'far more bytes than its compressed form');
      hash.update(chunk);
      reader.feed(chunk);
      take(reader, applier);
      progress?.(compressed);
    }
    reader.finish();
    const diffId = digestOf(algorithmOf(expectDiffId ?? 'sha256:'), hash);
    if (expectDiffId !== undefined && diffId !== expectDiffId) {
      throw new ImageError('corrupt', `the layer's tar has the digest ${diffId}, not ${expectDiffId}`);
    }
    applier.finish();
    mode.finish();
    return { size, diffId };
  } catch (error) {
    throw unpackError(error, signal);
  } finally {
    applier.close();
    tar.destroy();
  }
}

function take(reader: TarReader, applier: Applier): void {
  for (let event = reader.next(); event !== undefined; event = reader.next()) {
    if (event.kind === 'data') applier.data(event.data, event.position);
    else if (event.kind === 'entry') applier.entry(event.entry);
    else applier.done();
  }
}

function unpackError(error: unknown, signal: AbortSignal | undefined): ImageError {
  if (signal?.aborted === true)
    return new ImageError('cancelled', 'unpacking a layer: was told to stop', { cause: error });
  if (isDamage(error)) {
    return new ImageError('corrupt', `the layer cannot be decompressed: ${reason(error)}`, { cause: error });
  }
  return fileError(error, 'unpacking a layer');
}
