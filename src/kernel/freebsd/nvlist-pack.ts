import { listHeaderSize, magic, pairHeaderSize, types, type NvInput } from './nvlist.js';

interface Pair {
  readonly name: Buffer;
  readonly type: number;
  readonly items: number;
  readonly data: Uint8Array | readonly Pair[];
}

/** Packs a list. Throws a RangeError for what cannot be packed: NULs in text, empty arrays, numbers of over 64 bits. */
export function packList(input: NvInput): Uint8Array {
  const pairs = pairsOf(input, '');
  const writer = new Writer(sizeOf(pairs));
  writer.list(pairs);
  return writer.bytes;
}

function pairsOf(input: NvInput, path: string): Pair[] {
  return Object.entries(input).map(([name, value]) => pairOf(`${path}${name}`, name, value));
}

function pairOf(what: string, name: string, value: NvInput[string]): Pair {
  const named = { name: text(what, name), items: 0 };
  if (typeof value === 'boolean') return { ...named, type: types.bool, data: Uint8Array.of(value ? 1 : 0) };
  if (typeof value === 'string') return { ...named, type: types.string, data: text(what, value) };
  if (typeof value === 'number' || typeof value === 'bigint') {
    return { ...named, type: types.number, data: numbers(what, [value]) };
  }
  if (value instanceof Uint8Array) return { ...named, type: types.binary, data: nonEmpty(what, value) };
  if (isArray(value)) {
    const items = nonEmpty(what, value).length;
    const data = value.every((each) => typeof each === 'string')
      ? Buffer.concat(value.map((each) => text(what, each)))
      : numbers(what, value);
    return { ...named, type: typeof value[0] === 'string' ? types.strings : types.numbers, items, data };
  }
  return { ...named, type: types.list, data: pairsOf(value, `${what}.`) };
}

type Items = readonly (number | bigint)[] | readonly string[];

function isArray(value: NvInput[string]): value is Items {
  return Array.isArray(value);
}

function nonEmpty<T extends ArrayLike<unknown>>(what: string, value: T): T {
  if (value.length === 0) throw new RangeError(`${what}: empty`);
  return value;
}

function text(what: string, value: string): Buffer {
  if (value.includes('\0')) throw new RangeError(`${what}: contains a NUL`);
  return Buffer.from(`${value}\0`);
}

/** Negative numbers become what they are as 64 bits without a sign, as in C. */
function numbers(what: string, values: readonly (number | bigint | string)[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, index) => {
    const exact = BigInt(value);
    if (exact < -(1n << 63n) || exact >= 1n << 64n)
      throw new RangeError(`${what}: ${value} has over 64 bits`);
    view.setBigUint64(index * 8, BigInt.asUintN(64, exact), true);
  });
  return new Uint8Array(view.buffer);
}

function isNested(data: Pair['data']): data is readonly Pair[] {
  return Array.isArray(data);
}

/** nvlist_size(): a nested list ends with a pair without a name that leads up again. */
function sizeOf(pairs: readonly Pair[]): number {
  return pairs.reduce((sum, { name, data }) => {
    const size = isNested(data) ? sizeOf(data) + pairHeaderSize + 1 : data.byteLength;
    return sum + pairHeaderSize + name.byteLength + size;
  }, listHeaderSize);
}

class Writer {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  list(pairs: readonly Pair[]): void {
    this.#view.setUint8(this.#at, magic);
    // Of a nested list too, this is the size of all that is left of the whole.
    this.#view.setBigUint64(this.#at + 11, BigInt(this.bytes.byteLength - this.#at - listHeaderSize), true);
    this.#at += listHeaderSize;
    for (const pair of pairs) this.#pair(pair);
  }

  #pair({ name, type, items, data }: Pair): void {
    this.#header(type, name, isNested(data) ? sizeOf(data) : data.byteLength, items);
    if (isNested(data)) {
      this.list(data);
      this.#header(types.up, Uint8Array.of(0), 0, 0);
    } else {
      this.#put(data);
    }
  }

  #header(type: number, name: Uint8Array, size: number, items: number): void {
    this.#view.setUint8(this.#at, type);
    this.#view.setUint16(this.#at + 1, name.byteLength, true);
    this.#view.setBigUint64(this.#at + 3, BigInt(size), true);
    this.#view.setBigUint64(this.#at + 11, BigInt(items), true);
    this.#at += pairHeaderSize;
    this.#put(name);
  }

  #put(data: Uint8Array): void {
    this.bytes.set(data, this.#at);
    this.#at += data.byteLength;
  }
}
