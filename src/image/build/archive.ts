import { open } from 'node:fs/promises';
import type { Compression } from '../media-types.js';

/** How an archive is compressed, by its first bytes; bzip2 is known, so that it can be refused by name. */
export type ArchiveKind = Compression | 'bzip2';

const magics: readonly (readonly [ArchiveKind, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/** What ADD would unpack: a tar, by its first block's magic or checksum, or something compressed. @returns undefined for other files */
export async function archiveKind(path: string): Promise<ArchiveKind | undefined> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    for (const [kind, magic] of magics) {
      if (magic.every((byte, index) => buffer[index] === byte)) return kind;
    }
    return bytesRead === 512 && isTarHeader(buffer) ? 'none' : undefined;
  } finally {
    await file.close();
  }
}

/** The checksum is the sum of all bytes, its own counted as spaces (tar(5)). */
function isTarHeader(block: Buffer): boolean {
  const told = Number.parseInt(
    block
      .toString('latin1', 148, 156)
      .replace(/[\0 ].*$/s, '')
      .trim(),
    8,
  );
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  return sum === told && sum !== 256;
}
