import type { Readable } from 'node:stream';
import type { BlobKey, Blobs } from '../content/blobs.js';
import { fileError, stopIfCancelled } from '../content/failure.js';
import { isDigest, type Digest } from '../digest.js';
import { ImageError } from '../error.js';
import { toText } from '../layers/bytes.js';
import { isDamage } from '../layers/decompress.js';
import { usualLimits, within, type Limits } from '../layers/limits.js';
import type { Entry } from '../layers/tar/entry.js';
import { TarReader } from '../layers/tar/reader.js';
import type { ReportProgress } from '../progress.js';
import { decompressed } from './compression.js';
import { Members } from './members.js';
import { blobSink, documentSink, newBlobSink, skip, type Sink } from './sinks.js';

/** What was in a tar: its documents, and its blobs, which are in the store. */
export interface Archive {
  /** what it is called in messages */
  readonly where: string;
  readonly documents: ReadonlyMap<string, string>;
  readonly members: Members<BlobKey>;
}

export interface ReadOptions {
  readonly where: string;
  readonly progress?: ReportProgress;
  readonly signal?: AbortSignal;
}

const documentNames = ['oci-layout', 'index.json', 'manifest.json', 'repositories'];

/** Members that only Docker before 1.10 read, of which there are two for each layer. */
const outdated = /^[0-9a-f]{64}\/(?:VERSION|json)$/;

/** No archive has that many members, nor names of that length. */
const limits: Limits = { ...usualLimits, entries: 100_000, name: 1000, header: 64 * 1024 };

/**
 * Reads a tar, compressed or not, and brings its blobs into the store: none of its bytes are kept in memory but those of
 * the documents that say what is in it, and no file is named as it says.
 *
 * @throws ImageError
 */
export async function readMembers(blobs: Blobs, source: Readable, options: ReadOptions): Promise<Archive> {
  const { where, progress, signal } = options;
  const documents = new Map<string, string>();
  const members = new Members<BlobKey>();
  const reader = new TarReader(limits);
  let sink: Sink = skip;
  let [size, compressed] = [0, 0];
  const count = (bytes: number): void => {
    compressed += bytes;
    progress?.({ id: where, what: 'loading', done: compressed, state: 'running' });
  };
  try {
    for await (const chunk of (await decompressed(source, count)) as AsyncIterable<Buffer>) {
      stopIfCancelled(signal, where);
      size += chunk.length;
      checkSize(size, compressed);
      reader.feed(chunk);
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        if (event.kind === 'entry') sink = await sinkFor(event.entry);
        else if (event.kind === 'data') await sink.write(event.data);
        else await sink.end();
      }
    }
    reader.finish();
    progress?.({ id: where, what: 'loading', done: compressed, state: 'done' });
  } catch (error) {
    await sink.abort();
    throw explained(error, where);
  } finally {
    source.destroy();
  }
  return { where, documents, members };

  async function sinkFor({ type, name: bytes, target, size, extents }: Entry): Promise<Sink> {
    const name = toText(bytes);
    if (type === 'directory') {
      members.addDirectory(name);
      return skip;
    }
    const plain = members.takeName(name);
    if (type === 'symlink' || type === 'link') {
      members.addLink(plain, toText(target), type === 'link');
      return skip;
    }
    if (type !== 'file' || extents !== undefined) {
      const what = type === 'file' ? 'sparse file' : type;
      throw new ImageError(
        'invalid',
        `${JSON.stringify(plain)} is a ${what}, which no archive of images has`,
      );
    }
    if (documentNames.includes(plain)) {
      return documentSink(plain, size, (text) => documents.set(plain, text));
    }
    const digest = digestNamed(plain);
    if (digest !== undefined) {
      members.add(plain, { digest, size });
      return blobSink(blobs, { digest, size }, signal);
    }
    if (outdated.test(plain)) return skip;
    return newBlobSink(blobs, (blob) => {
      members.add(plain, blob);
    });
  }
}

/** Of a blob in an image layout. */
function digestNamed(name: string): Digest | undefined {
  const found = /^blobs\/([^/]+)\/([^/]+)$/.exec(name);
  const digest = found && `${found[1] ?? ''}:${found[2] ?? ''}`;
  return isDigest(digest) ? digest : undefined;
}

function checkSize(size: number, compressed: number): void {
  within(limits.bytes, size, `more than ${limits.bytes} bytes`);
  if (size > limits.ratioFrom)
    within(limits.ratio, size / compressed, 'far more bytes than its compressed form');
}

function explained(error: unknown, where: string): ImageError {
  if (error instanceof ImageError) {
    return new ImageError(error.kind, `${where}: ${error.message.replace('the layer has', 'it has')}`, {
      cause: error,
    });
  }
  if (isDamage(error)) {
    return new ImageError('corrupt', `${where}: what is compressed in it is damaged or cut off`, {
      cause: error,
    });
  }
  return fileError(error, where);
}
