import type { BytesField, Field, Layout, Scalar } from '../layout.js';

// What the generated tables are written with, so that each entry takes a few words and is still fully typed.

/** A number at this offset. */
export function scalar<const T extends Scalar>(type: T, offset: number): { type: T; offset: number } {
  return { type, offset };
}

/** Bytes at this offset: an array, a structure or a union. */
export function bytes(offset: number, size: number): BytesField {
  return { type: 'bytes', offset, size };
}

/** A structure of this size and alignment in bytes. */
export function layout<const F extends Readonly<Record<string, Field>>>(
  name: string,
  size: number,
  alignment: number,
  fields: F,
): Layout<F> {
  return { name, size, alignment, fields };
}

/** A number that some release lacks. */
export function gated(value: number | undefined): number | undefined {
  return value;
}

/** A structure that some release lacks. */
export function gatedLayout<L extends Layout>(value: L): L | undefined {
  return value;
}
