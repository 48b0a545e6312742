import {
  bigEndian,
  listHeaderSize,
  magic,
  pairHeaderSize,
  types,
  type NvList,
  type NvValue,
} from './nvlist.js';

/** Unpacks a list. Throws an Error that says where it is not one. */
export function unpackList(bytes: Uint8Array): NvList {
  const reader = new Reader(bytes);
  return reader.list(false);
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  list(nested: boolean): NvList {
    const start = this.#take(listHeaderSize);
    const flags = this.#view.getUint8(start + 2);
    if (this.#view.getUint8(start) !== magic || (flags & bigEndian) !== 0) this.#refuse(start, 'no list');
    if (this.#size(start + 11) !== this.#left) this.#refuse(start, 'a list of another size');
    const values = new Map<string, NvValue>();
    while (nested || this.#left > 0) {
      const pair = this.#take(pairHeaderSize);
      const type = this.#view.getUint8(pair);
      const name = this.#text(this.#view.getUint16(pair + 1, true));
      if (type === types.up && nested) break;
      values.set(name, this.#value(pair, type));
    }
    return values;
  }

  #value(pair: number, type: number): NvValue {
    const size = this.#size(pair + 3);
    const items = this.#size(pair + 11);
    switch (type) {
      case types.bool:
        if (size !== 1) this.#refuse(pair, `a bool of ${size} bytes`);
        return this.#view.getUint8(this.#take(1)) !== 0;
      case types.number:
        if (size !== 8) this.#refuse(pair, `a number of ${size} bytes`);
        return this.#view.getBigUint64(this.#take(8), true);
      case types.string:
        return this.#text(size);
      case types.binary: {
        const start = this.#take(size);
        return Uint8Array.from(this.#bytes.subarray(start, start + size));
      }
      case types.numbers: {
        if (size !== items * 8) this.#refuse(pair, `${items} numbers of ${size} bytes`);
        const start = this.#take(size);
        return Array.from({ length: items }, (_, index) => this.#view.getBigUint64(start + index * 8, true));
      }
      case types.strings: {
        const parts = this.#text(size).split('\0');
        if (parts.length !== items) this.#refuse(pair, `${items} strings, but ${parts.length}`);
        return parts;
      }
      case types.list:
        return this.list(true);
      default:
        return this.#refuse(pair, `a value of type ${type}`);
    }
  }

  get #left(): number {
    return this.#bytes.byteLength - this.#at;
  }

  #size(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }

  /** Bytes with a NUL at their end, without it. */
  #text(size: number): string {
    const start = this.#take(size);
    if (size === 0 || this.#bytes[start + size - 1] !== 0) this.#refuse(start, 'text without its NUL');
    return Buffer.from(this.#bytes.subarray(start, start + size - 1)).toString();
  }

  #take(size: number): number {
    const start = this.#at;
    if (size > this.#left) this.#refuse(start, `${size} bytes, but ${this.#left} are left`);
    this.#at += size;
    return start;
  }

  #refuse(at: number, what: string): never {
    throw new Error(`nvlist: at ${at} of ${this.#bytes.byteLength} bytes: ${what}`);
  }
}
