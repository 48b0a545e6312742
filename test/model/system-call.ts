import type { CallContext } from './open-file.js';

/** The arguments of a call: 64-bit integers, of which a parameter of type int takes the lower half. */
export class Arguments {
  readonly #values: readonly bigint[];

  constructor(values: readonly bigint[]) {
    this.#values = values;
  }

  address(index: number): bigint {
    return BigInt.asUintN(64, this.#values[index] ?? 0n);
  }

  int(index: number): number {
    return Number(BigInt.asIntN(32, this.#values[index] ?? 0n));
  }

  unsigned(index: number): number {
    return Number(BigInt.asUintN(32, this.#values[index] ?? 0n));
  }

  /** A length or an offset. */
  long(index: number): number {
    return Number(BigInt.asIntN(64, this.#values[index] ?? 0n));
  }
}

/** What a call does. It fails by throwing a Failure. */
export type SystemCall = (context: CallContext, args: Arguments) => number | bigint;

/** Calls by their names in libc. */
export type SystemCalls = Readonly<Record<string, SystemCall>>;
