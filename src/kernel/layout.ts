/** How a structure of a C header lies in memory: sizes and offsets in bytes, integers in the host's byte order. */

/** A 64-bit field holds a bigint when read; `pointer` is a 64-bit address. */
export type Scalar = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'pointer';

export interface ScalarField {
  readonly type: Scalar;
  readonly offset: number;
}

/** Bytes without a number's meaning: char arrays, addresses in network order, padding with a name. */
export interface BytesField {
  readonly type: 'bytes';
  readonly offset: number;
  readonly size: number;
}

/** An array of numbers, or a structure within the structure, is reached through a layout of its own at this offset. */
export type Field = ScalarField | BytesField;

export interface Layout<Fields extends Readonly<Record<string, Field>> = Readonly<Record<string, Field>>> {
  /** The name in C, for messages. */
  readonly name: string;
  readonly size: number;
  readonly alignment: number;
  readonly fields: Fields;
}

/** A pointer field is written as the arena offset that it shall point to; null leaves it zero. */
type Written<F extends Field> = F extends BytesField
  ? string | Uint8Array
  : F extends { readonly type: 'pointer' }
    ? number | null
    : number | bigint;

type Read<F extends Field> = F extends BytesField
  ? Uint8Array
  : F extends { readonly type: 'i64' | 'u64' | 'pointer' }
    ? bigint
    : number;

/** What may be written to a structure; a field that is left out is zero. */
export type StructInput<L extends Layout> = { readonly [K in keyof L['fields']]?: Written<L['fields'][K]> };

/** What is read from a structure. */
export type StructValues<L extends Layout> = { readonly [K in keyof L['fields']]: Read<L['fields'][K]> };

export const scalarSizes: Readonly<Record<Scalar, number>> = {
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  i64: 8,
  u64: 8,
  pointer: 8,
};

/** Writes one number. Throws a RangeError naming `what` if it does not fit. */
export function writeScalar(
  view: DataView,
  offset: number,
  type: Scalar,
  value: number | bigint,
  what: string,
): void {
  const bits = scalarSizes[type] * 8;
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${what}: ${value} is not an integer`);
  }
  const exact = BigInt(value);
  const wrapped = type.startsWith('i') ? BigInt.asIntN(bits, exact) : BigInt.asUintN(bits, exact);
  if (wrapped !== exact) throw new RangeError(`${what}: ${value} does not fit ${type}`);
  if (bits === 64) view.setBigUint64(offset, BigInt.asUintN(64, exact), true);
  else if (bits === 32) view.setUint32(offset, Number(BigInt.asUintN(32, exact)), true);
  else if (bits === 16) view.setUint16(offset, Number(BigInt.asUintN(16, exact)), true);
  else view.setUint8(offset, Number(BigInt.asUintN(8, exact)));
}

/** Reads one number: a bigint if it has 64 bits. Both platforms that we run on are little-endian. */
export function readScalar(view: DataView, offset: number, type: Scalar): number | bigint {
  switch (type) {
    case 'i8':
      return view.getInt8(offset);
    case 'u8':
      return view.getUint8(offset);
    case 'i16':
      return view.getInt16(offset, true);
    case 'u16':
      return view.getUint16(offset, true);
    case 'i32':
      return view.getInt32(offset, true);
    case 'u32':
      return view.getUint32(offset, true);
    case 'i64':
      return view.getBigInt64(offset, true);
    case 'u64':
    case 'pointer':
      return view.getBigUint64(offset, true);
  }
}

/** Reads a structure that begins at `base`. Throws a RangeError if it does not lie wholly within `bytes`. */
export function readStruct<L extends Layout>(bytes: Uint8Array, base: number, layout: L): StructValues<L> {
  if (base < 0 || base + layout.size > bytes.byteLength) {
    throw new RangeError(
      `${layout.name}: ${layout.size} bytes at ${base} do not lie within ${bytes.byteLength}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: Record<string, number | bigint | Uint8Array> = {};
  for (const [name, field] of Object.entries(layout.fields)) {
    const offset = base + field.offset;
    values[name] =
      field.type === 'bytes'
        ? bytes.slice(offset, offset + field.size)
        : readScalar(view, offset, field.type);
  }
  return values as StructValues<L>;
}

/** The text before the first NUL, or all of it if there is none, as a char array holds it. */
export function readText(bytes: Uint8Array, offset = 0, size = bytes.byteLength - offset): string {
  if (offset < 0 || size < 0 || offset + size > bytes.byteLength) {
    throw new RangeError(`text: ${size} bytes at ${offset} do not lie within ${bytes.byteLength}`);
  }
  const part = Buffer.from(bytes.buffer, bytes.byteOffset + offset, size);
  const end = part.indexOf(0);
  return part.toString('utf8', 0, end < 0 ? size : end);
}
