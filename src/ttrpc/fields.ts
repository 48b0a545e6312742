import { isUtf8 } from 'node:buffer';
import type protobuf from 'protobufjs/minimal.js';

/** Wire types: https://protobuf.dev/programming-guides/encoding/#structure */
export const VARINT = 0;
export const LENGTH_DELIMITED = 2;

/** What a field of this number and wire type begins with. */
export function tag(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

/** The next bytes as text. Throws if they are not UTF-8, which Reader lets pass. */
export function readString(reader: protobuf.Reader): string {
  const bytes = readBytes(reader);
  const text = bytes.toString();
  // Decoding replaces what is not UTF-8: only a text with the replacement character need be looked at again.
  if (text.includes('\ufffd') && !isUtf8(bytes)) throw new Error('a string is not UTF-8');
  return text;
}

/** A view of the next bytes; nothing is copied. */
export function readBytes(reader: protobuf.Reader): Buffer {
  const { buffer, byteOffset, byteLength } = reader.bytes();
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The next varint as a signed number, which is exact up to 53 bits. */
export function readInt64(reader: protobuf.Reader): number {
  const value = reader.int64();
  // Reader takes the end of the buffer for the end of a varint.
  if (((reader.buf[reader.pos - 1] ?? 0) & 0x80) !== 0) throw new Error('a varint is cut short');
  return Number(value);
}

/** Skips a field that is not known. */
export function skip(reader: protobuf.Reader, next: number): void {
  if (next >>> 3 === 0) throw new Error('a field has the number 0');
  reader.skipType(next & 7);
}
