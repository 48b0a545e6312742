/**
 * The value of an int64 or uint64 field. encode takes either form and throws a RangeError for what does not fit; decode
 * gives a number if that is exact (up to 2^53-1), else a bigint.
 */
export type Int64 = number | bigint;

/** How the figures of cgroups say that there is no limit. */
export const UINT64_MAX = 0xffff_ffff_ffff_ffffn;

/** The lower and upper 32 bits of a 64-bit integer in two's complement, each as an unsigned number. */
export interface Halves {
  low: number;
  high: number;
}

/** Splits a field's value. Throws a RangeError for fractions, numbers beyond 2^53-1, and what needs more than 64 bits. */
export function toHalves(value: Int64, unsigned: boolean): Halves {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${value} is not an exact integer`);
  }
  const whole = BigInt(value);
  const bits = BigInt.asUintN(64, whole);
  if (whole !== (unsigned ? bits : BigInt.asIntN(64, whole))) {
    throw new RangeError(`${whole.toString()} does not fit ${unsigned ? 'a uint64' : 'an int64'}`);
  }
  return { low: Number(bits & 0xffff_ffffn), high: Number(bits >> 32n) };
}

/** Joins what toHalves split; halves may be signed or unsigned. */
export function fromHalves({ low, high }: Halves, unsigned: boolean): Int64 {
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  const whole = unsigned ? bits : BigInt.asIntN(64, bits);
  const number = Number(whole);
  return Number.isSafeInteger(number) ? number : whole;
}
