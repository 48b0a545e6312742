import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { decompress } from '../layers/decompress.js';
import type { Compression } from '../media-types.js';

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];
const longest = 6;

/** How something is compressed, by its first bytes (RFC 1952, RFC 8878, the .xz file format). */
export function compressionOfBytes(bytes: Uint8Array): Compression {
  const found = magics.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte));
  return found?.[0] ?? 'none';
}

export async function compressionOfFile(path: string): Promise<Compression> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(longest), 0, longest, 0);
    return compressionOfBytes(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/**
 * A stream that is decompressed, if its first bytes say that it is to be.
 *
 * @param count is told of the bytes of each chunk, as it comes
 */
export async function decompressed(source: Readable, count: (bytes: number) => void): Promise<Readable> {
  const chunks = counted(source, count);
  const head: Buffer[] = [];
  for (let length = 0; length < longest;) {
    const next = await chunks.next();
    if (next.done === true) break;
    head.push(next.value);
    length += next.value.length;
  }
  const whole = Readable.from(joined(head, chunks), { objectMode: false });
  return decompress(whole, compressionOfBytes(Buffer.concat(head)));
}

async function* counted(source: Readable, count: (bytes: number) => void): AsyncGenerator<Buffer, void> {
  for await (const chunk of source) {
    const bytes = chunk as Buffer;
    count(bytes.length);
    yield bytes;
  }
}

async function* joined(head: readonly Buffer[], rest: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer> {
  yield* head;
  yield* rest;
}
