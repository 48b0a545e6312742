import { fail } from './failure.js';

// nvlist(9) as the kernel unpacks and packs it: sys/contrib/libnv, written again here so that the encoder of the typed
// layer has something to be held to.

/** Names with what they were packed as: the kernel asks for a name and a type together. */
export type Packed = Map<string, PackedValue>;

export type PackedValue =
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'number'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'binary'; readonly value: Uint8Array }
  | { readonly type: 'numbers'; readonly value: readonly bigint[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'list'; readonly value: Packed };

const headerSize = 19;
const nameMax = 2048;
/** NV_TYPE_* */
const numberOf = { bool: 2, number: 3, string: 4, list: 5, binary: 7, numbers: 9, strings: 10 } as const;
const up = 255;

/** nvlist_unpack(): EBADMSG as pf(4) has it, whatever is wrong. */
export function unpack(bytes: Uint8Array): Packed {
  return new Unpacker(bytes).list(false);
}

class Unpacker {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }

  list(nested: boolean): Packed {
    this.#header();
    const found: Packed = new Map();
    for (;;) {
      if (this.#at === this.#bytes.byteLength) return nested ? bad() : found;
      const start = this.#take(headerSize);
      const nameSize = this.#bytes.readUInt16LE(start + 1);
      if (nameSize < 1 || nameSize > nameMax) bad();
      const name = this.#text(nameSize);
      const type = this.#bytes.readUInt8(start);
      if (type === up) return nested ? found : bad();
      if (found.has(name)) bad();
      const size = Number(this.#bytes.readBigUInt64LE(start + 3));
      found.set(name, this.#value(type, size, Number(this.#bytes.readBigUInt64LE(start + 11))));
    }
  }

  /** The version is not looked at; flags are those of nvlist_create(0); descriptors do not cross. */
  #header(): void {
    const start = this.#take(headerSize);
    if (this.#bytes.readUInt8(start) !== 0x6c || this.#bytes.readUInt8(start + 2) !== 0) bad();
    if (this.#bytes.readBigUInt64LE(start + 3) !== 0n) bad();
    if (this.#bytes.readBigUInt64LE(start + 11) !== BigInt(this.#bytes.byteLength - this.#at)) bad();
  }

  #value(type: number, size: number, items: number): PackedValue {
    switch (type) {
      case numberOf.bool: {
        if (size !== 1) bad();
        const value = this.#bytes.readUInt8(this.#take(1));
        return { type: 'bool', value: value > 1 ? bad() : value === 1 };
      }
      case numberOf.number:
        if (size !== 8) bad();
        return { type: 'number', value: this.#bytes.readBigUInt64LE(this.#take(8)) };
      case numberOf.string:
        return { type: 'string', value: this.#text(size) };
      case numberOf.binary:
        return { type: 'binary', value: Uint8Array.from(this.#part(size)) };
      case numberOf.numbers: {
        if (size !== items * 8) bad();
        const part = this.#part(size);
        const value = Array.from({ length: items }, (_, index) => part.readBigUInt64LE(index * 8));
        return { type: 'numbers', value };
      }
      case numberOf.strings: {
        const value = this.#part(size).toString().split('\0');
        if (value.pop() !== '' || value.length !== items) bad();
        return { type: 'strings', value };
      }
      case numberOf.list:
        if (size === 0 || size > this.#bytes.byteLength - this.#at) bad();
        return { type: 'list', value: this.list(true) };
      default:
        return bad();
    }
  }

  #text(size: number): string {
    const part = this.#part(size);
    if (part.indexOf(0) !== size - 1) bad();
    return part.toString('utf8', 0, size - 1);
  }

  /** Data of which there has to be some. */
  #part(size: number): Buffer {
    if (size === 0) bad();
    const start = this.#take(size);
    return this.#bytes.subarray(start, start + size);
  }

  #take(size: number): number {
    if (size > this.#bytes.byteLength - this.#at) bad();
    this.#at += size;
    return this.#at - size;
  }
}

function bad(): never {
  return fail('EBADMSG');
}

/** nvlist_pack() */
export function pack(packed: Packed): Uint8Array {
  const bytes = Buffer.alloc(sizeOf(packed));
  let at = 0;
  const pair = (name: string, type: number, size: number, items: number): void => {
    at = bytes.writeUInt8(type, at);
    at = bytes.writeUInt16LE(Buffer.byteLength(name) + 1, at);
    at = bytes.writeBigUInt64LE(BigInt(size), at);
    at = bytes.writeBigUInt64LE(BigInt(items), at);
    at += bytes.write(`${name}\0`, at);
  };
  const write = (content: Packed): void => {
    bytes.writeUInt8(0x6c, at);
    // The size of all that is left of the whole, of a nested list too.
    bytes.writeBigUInt64LE(BigInt(bytes.byteLength - at - headerSize), at + 11);
    at += headerSize;
    for (const [name, entry] of content) {
      if (entry.type === 'list') {
        pair(name, numberOf.list, sizeOf(entry.value), 0);
        write(entry.value);
        pair('', up, 0, 0);
        continue;
      }
      const data = dataOf(entry);
      const items = entry.type === 'numbers' || entry.type === 'strings' ? entry.value.length : 0;
      pair(name, numberOf[entry.type], data.byteLength, items);
      bytes.set(data, at);
      at += data.byteLength;
    }
  };
  write(packed);
  return bytes;
}

function dataOf(entry: Exclude<PackedValue, { type: 'list' }>): Uint8Array {
  switch (entry.type) {
    case 'bool':
      return Uint8Array.of(entry.value ? 1 : 0);
    case 'number':
      return words([entry.value]);
    case 'string':
      return Buffer.from(`${entry.value}\0`);
    case 'binary':
      return entry.value;
    case 'numbers':
      return words(entry.value);
    case 'strings':
      return Buffer.from(entry.value.map((each) => `${each}\0`).join(''));
  }
}

function words(values: readonly bigint[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((each, index) => bytes.writeBigUInt64LE(BigInt.asUintN(64, each), index * 8));
  return bytes;
}

function sizeOf(packed: Packed): number {
  let size = headerSize;
  for (const [name, entry] of packed) {
    size += headerSize + Buffer.byteLength(name) + 1;
    // A nested list is closed by a pair with an empty name.
    size += entry.type === 'list' ? sizeOf(entry.value) + headerSize + 1 : dataOf(entry).byteLength;
  }
  return size;
}
