import { Readable } from 'node:stream';
import { pack, type Header } from 'tar-stream';
import { importArchive } from '../../../src/image/archive/import.js';
import type { Exported } from '../../../src/image/archive/export.js';
import type { Content } from '../../../src/image/content/content.js';

export type Entry = Partial<Header> & { readonly name: string; readonly body?: string | Uint8Array };

/** A tar of what is given, however wrong. */
export async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { body, ...header } of entries) {
    if (body === undefined) tar.entry(header);
    else tar.entry(header, body);
  }
  tar.finalize();
  return collected(tar as AsyncIterable<Buffer>);
}

export async function collected(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** In pieces of odd sizes, as pipes give them. */
export function* pieces(bytes: Uint8Array, size = 1000): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export const load = (
  { blobs }: Content,
  tar: Uint8Array,
  size?: number,
  signal?: AbortSignal,
): Promise<readonly Exported[]> =>
  importArchive(blobs, Readable.from(pieces(tar, size), { objectMode: false }), {
    where: 'x.tar',
    ...(signal && { signal }),
  });
