import { ImageError } from '../../error.js';

/** A tar is a row of these. */
export const blockSize = 512;

/** What the fixed fields of a header say: POSIX.1-1988 ustar, GNU tar, star and what was before them. */
export interface Header {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** bytes that follow */
  readonly size: number;
  /** seconds */
  readonly mtime: number;
  /** one character */
  readonly type: string;
  readonly link: string;
  readonly major: number;
  readonly minor: number;
  readonly block: Buffer;
}

/** Reads a header block. @throws ImageError invalid */
export function decodeHeader(block: Buffer): Header {
  checkSum(block);
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const star = posix && block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = posix ? text(block, 345, star ? 131 : 155) : '';
  const name = text(block, 0, 100);
  const known = posix || block.toString('latin1', 257, 265) === 'ustar  \0';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: number(block, 100, 8, 'mode'),
    uid: number(block, 108, 8, 'uid'),
    gid: number(block, 116, 8, 'gid'),
    size: size(block),
    mtime: number(block, 136, 12, 'mtime'),
    type: block[156] === 0 ? '0' : block.toString('latin1', 156, 157),
    link: text(block, 157, 100),
    major: known ? number(block, 329, 8, 'device') : 0,
    minor: known ? number(block, 337, 8, 'device') : 0,
    block,
  };
}

function size(block: Buffer): number {
  const value = number(block, 124, 12, 'size');
  if (value < 0) throw new ImageError('invalid', 'tar header: size is negative');
  return value;
}

/** A field of text ends at its first NUL, or where it is full. */
export function text(block: Buffer, offset: number, length: number): string {
  const end = block.indexOf(0, offset);
  return block.toString('latin1', offset, end === -1 || end > offset + length ? offset + length : end);
}

/**
 * A number: octal digits between spaces and NULs, or, if the first bit is set, binary (GNU tar's base 256).
 *
 * @throws ImageError invalid
 */
export function number(block: Buffer, offset: number, length: number, what: string): number {
  const first = block[offset] ?? 0;
  if ((first & 0x80) !== 0) return binary(block, offset, length, what);
  let value = 0;
  let at = offset;
  const end = offset + length;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++;
  for (; at < end; at++) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; at < end; at++) {
    // What follows the number's end is not looked at by others either.
    if (block[at] === 0) return value;
    if (block[at] !== 0x20) throw new ImageError('invalid', `tar header: ${what} is no octal number`);
  }
  return value;
}

/** Two's complement without its first bit; numbers beyond 2^53 are refused. */
function binary(block: Buffer, offset: number, length: number, what: string): number {
  const negative = ((block[offset] ?? 0) & 0x40) !== 0;
  let value = negative ? 0x7fn : BigInt((block[offset] ?? 0) & 0x7f);
  if (negative) value = BigInt((block[offset] ?? 0) | 0x80) - 0x100n;
  for (let at = offset + 1; at < offset + length; at++) value = value * 256n + BigInt(block[at] ?? 0);
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw new ImageError('invalid', `tar header: ${what} is out of range`);
  return result;
}

const zeros = Buffer.alloc(blockSize);

export const isZero = (block: Buffer): boolean => block[0] === 0 && block.equals(zeros);

/** Of all bytes, with those of the sum itself taken for spaces; old programs added bytes with a sign. */
function checkSum(block: Buffer): void {
  let unsigned = 8 * 32;
  let high = 0;
  for (let at = 0; at < blockSize; at++) {
    if (at >= 148 && at < 156) continue;
    const byte = block[at] ?? 0;
    unsigned += byte;
    if (byte > 127) high++;
  }
  const said = number(block, 148, 8, 'checksum');
  if (said !== unsigned && said !== unsigned - 256 * high) {
    throw new ImageError('invalid', 'tar header: wrong checksum; it is damaged, or no tar');
  }
}
