import { maxArenaSize } from './batch.js';
import type { Batch, Call, Fixup } from './kernel.js';
import { scalarSizes, writeScalar, type Layout, type Scalar, type StructInput } from './layout.js';

/** Of a buffer: where it begins in the arena, and its length in bytes. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** sizeof(struct iovec) on every 64-bit platform: base, length. */
const iovecSize = 16;

/**
 * Builds the arena of a batch. Whatever is reserved is zero until it is written: the kernel never sees bytes that
 * nobody meant. The methods return offsets, to be used as `{ arena: offset }` or in pointer fields.
 */
export class Arena {
  #bytes: Uint8Array;
  #view: DataView;
  #used = 0;
  readonly #fixups: Fixup[] = [];

  /** @param expected bytes to make room for at once; more is taken as needed. */
  constructor(expected = 256) {
    this.#bytes = new Uint8Array(expected);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** The bytes used so far. */
  get size(): number {
    return this.#used;
  }

  /** Reserves zeroed bytes, for example for the kernel to write to. */
  reserve(size: number, alignment = 8): number {
    if (!Number.isInteger(size) || size < 0) throw new RangeError(`arena: cannot reserve ${size} bytes`);
    const offset = Math.ceil(this.#used / alignment) * alignment;
    this.#grow(offset + size);
    this.#used = offset + size;
    return offset;
  }

  /** Copies bytes in. */
  bytes(data: Uint8Array, alignment = 8): number {
    const offset = this.reserve(data.byteLength, alignment);
    this.#bytes.set(data, offset);
    return offset;
  }

  /**
   * Copies a string in, as UTF-8 with its NUL.
   *
   * @param what names the string in the error.
   * @param capacity the most bytes that the kernel takes, with the NUL.
   * @throws RangeError if it has a NUL inside or is too long.
   */
  text(value: string, what: string, capacity = maxArenaSize): number {
    return this.textSpan(value, what, capacity).offset;
  }

  /** As `text`; the length counts the NUL, as jail_set(2) and nmount(2) want it. */
  textSpan(value: string, what: string, capacity = maxArenaSize): Span {
    const encoded = encodeText(value, what, capacity - 1);
    const offset = this.reserve(encoded.byteLength + 1, 1);
    this.#bytes.set(encoded, offset);
    return { offset, length: encoded.byteLength + 1 };
  }

  /** A NULL-terminated array of strings, as execve(2) wants it. */
  textList(values: readonly string[], what: string): number {
    const table = this.reserve((values.length + 1) * 8);
    values.forEach((value, index) => {
      this.pointTo(table + index * 8, this.text(value, `${what}[${index}]`));
    });
    return table;
  }

  /** One number. */
  scalar(type: Scalar, value: number | bigint, what: string): number {
    return this.array(type, [value], what);
  }

  /** An array of numbers. */
  array(type: Scalar, values: readonly (number | bigint)[], what: string): number {
    const size = scalarSizes[type];
    const offset = this.reserve(size * values.length, size);
    values.forEach((value, index) => {
      writeScalar(this.#view, offset + index * size, type, value, `${what}[${index}]`);
    });
    return offset;
  }

  /** A structure; fields that are not given are zero. */
  struct<L extends Layout>(layout: L, values: StructInput<L>): number {
    const offset = this.reserve(layout.size, layout.alignment);
    this.writeStruct(offset, layout, values);
    return offset;
  }

  /** Writes the given fields of a structure whose place was reserved before: a structure within another, an array's element. */
  writeStruct<L extends Layout>(base: number, layout: L, values: StructInput<L>): void {
    this.#within(base, layout.size, layout.name);
    const given: [string, string | Uint8Array | number | bigint | null | undefined][] =
      Object.entries(values);
    for (const [name, value] of given) {
      const field = layout.fields[name];
      const what = `${layout.name}.${name}`;
      if (field === undefined) throw new RangeError(`${what}: no such field`);
      const offset = base + field.offset;
      if (value === undefined || value === null) continue;
      if (field.type === 'bytes') this.#writeBytes(offset, field.size, value as string | Uint8Array, what);
      else if (field.type === 'pointer') this.pointTo(offset, Number(value));
      else writeScalar(this.#view, offset, field.type, value as number | bigint, what);
    }
  }

  /** Bytes written over what was reserved at `offset`. */
  write(offset: number, data: Uint8Array): void {
    this.#within(offset, data.byteLength, 'bytes');
    this.#bytes.set(data, offset);
  }

  /** Writes at `at` the address of `to`. */
  pointTo(at: number, to: number): void {
    this.#within(at, 8, 'pointer');
    this.#within(to, 0, 'pointer target');
    this.#fixups.push({ at, to });
  }

  /** An array of struct iovec; null makes {NULL, 0}. */
  iovecs(parts: readonly (Span | null)[]): number {
    const table = this.reserve(parts.length * iovecSize);
    parts.forEach((part, index) => {
      if (part === null) return;
      this.pointTo(table + index * iovecSize, part.offset);
      this.#view.setBigUint64(table + index * iovecSize + 8, BigInt(part.length), true);
    });
    return table;
  }

  /** The batch that makes these calls on this arena. */
  batch(calls: readonly Call[]): Batch {
    return { arena: this.#bytes.slice(0, this.#used), fixups: [...this.#fixups], calls };
  }

  #writeBytes(offset: number, size: number, value: string | Uint8Array, what: string): void {
    // A char array must keep one byte for its NUL; other bytes may fill the field.
    const data = typeof value === 'string' ? encodeText(value, what, size - 1) : value;
    if (data.byteLength > size) {
      throw new RangeError(`${what}: ${data.byteLength} bytes, at most ${size}`);
    }
    this.#bytes.set(data, offset);
  }

  #within(offset: number, size: number, what: string): void {
    if (!Number.isInteger(offset) || offset < 0 || offset + size > this.#used) {
      throw new RangeError(`${what}: ${size} bytes at ${offset} were not reserved (arena has ${this.#used})`);
    }
  }

  #grow(size: number): void {
    if (size <= this.#bytes.byteLength) return;
    if (size > maxArenaSize) throw new RangeError(`arena: ${size} bytes, at most ${maxArenaSize}`);
    const bytes = new Uint8Array(Math.max(size, this.#bytes.byteLength * 2));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function encodeText(value: string, what: string, most: number): Uint8Array {
  if (value.includes('\0')) throw new RangeError(`${what}: contains a NUL`);
  const encoded = Buffer.from(value, 'utf8');
  if (encoded.byteLength > most)
    throw new RangeError(`${what}: ${encoded.byteLength} bytes, at most ${most}`);
  return encoded;
}
