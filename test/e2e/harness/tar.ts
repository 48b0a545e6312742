/** One member of a tar archive. Names are relative and at most 100 bytes long. */
export interface TarEntry {
  readonly name: string;
  readonly mode: number;
  /** a regular file's content; absent: a directory, or a symbolic link if `link` is given */
  readonly content?: Buffer;
  /** the target of a symbolic link */
  readonly link?: string;
  readonly uid?: number;
}

const BLOCK = 512;

/** An archive in POSIX ustar format (pax(1), "ustar Interchange Format"), all times zero: same entries, same bytes. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    parts.push(header(entry));
    if (entry.content === undefined) continue;
    parts.push(entry.content, Buffer.alloc((BLOCK - (entry.content.length % BLOCK)) % BLOCK));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

function header(entry: TarEntry): Buffer {
  if (Buffer.byteLength(entry.name) > 100) throw new RangeError(`tar: name too long: ${entry.name}`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset);
  };
  block.write(entry.name, 0);
  octal(entry.mode, 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.uid ?? 0, 116, 8);
  octal(entry.content?.length ?? 0, 124, 12);
  octal(0, 136, 12);
  block.write('        ', 148);
  block.write(entry.content !== undefined ? '0' : entry.link !== undefined ? '2' : '5', 156);
  block.write(entry.link ?? '', 157);
  block.write('ustar\x0000', 257, 'latin1');
  // The checksum is the sum of all bytes with its own field taken as blanks: six digits, NUL, blank.
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
