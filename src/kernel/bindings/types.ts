/** An integer as C has it: signedness and width in bits. */
export type Integer = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64';

/**
 * What a field holds. `char[]` is text in a fixed array, `pointer` an address of 8 bytes, `struct` bytes with a
 * layout of their own. A plain `char` counts as `u8`: its sign differs between amd64 and arm64.
 */
export type FieldType = Integer | `${Integer}[]` | 'char[]' | 'pointer' | 'pointer[]' | 'struct';

/** Where a field lies in its structure; offset and size are in bytes, the size is that of the whole array for arrays. */
export interface Field<T extends FieldType = FieldType> {
  readonly type: T;
  readonly offset: number;
  readonly size: number;
}

/** The memory layout of a C structure: its size in bytes and those of its fields that we use, by their C names. */
export interface Layout<F extends Readonly<Record<string, FieldType>> = Readonly<Record<string, FieldType>>> {
  readonly name: string;
  readonly size: number;
  readonly fields: { readonly [K in keyof F]: Field<F[K]> };
}

/** States a field; used by the generated tables to keep them short. */
export function field<const T extends FieldType>(type: T, offset: number, size: number): Field<T> {
  return { type, offset, size };
}

/** States a layout; used by the generated tables to keep them short. */
export function layout<const F extends Readonly<Record<string, FieldType>>>(
  name: string,
  size: number,
  fields: { readonly [K in keyof F]: Field<F[K]> },
): Layout<F> {
  return { name, size, fields };
}
