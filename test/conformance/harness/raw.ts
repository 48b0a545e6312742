import { Arena } from '../../../src/kernel/arena.js';
import { errnoName } from '../../../src/kernel/errno.js';
import type { Argument, Kernel } from '../../../src/kernel/kernel.js';
import { readText } from '../../../src/kernel/layout.js';

// Calls as they are, for what the typed layer refuses to ask for.

/** What a call came to: an errno's name, or its value. */
export interface Outcome {
  readonly value: number;
  /** '' if it did not fail. */
  readonly error: string;
}

/** One call whose arguments are put together in an arena. */
export async function call(
  kernel: Kernel,
  symbol: string,
  args: (arena: Arena) => readonly Argument[],
): Promise<Outcome & { readonly arena: Uint8Array }> {
  const arena = new Arena();
  const built = args(arena);
  const answer = await kernel.run(arena.batch([{ symbol, args: built }]));
  const [result] = answer.results;
  if (result === undefined) throw new Error(`${symbol}: no result`);
  const error = result.errno === 0 ? '' : errnoName('freebsd', result.errno);
  return { value: Number(result.value), error, arena: answer.arena };
}

/** Text with its NUL, as options want it. */
export function text(value: string): Uint8Array {
  return Buffer.from(`${value}\0`);
}

/** An int. */
export function int(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}

/** What an int in memory says. */
export function intIn(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
}

/** IPv4 addresses in dotted form, as bytes. */
export function ip4(...addresses: string[]): Uint8Array {
  return Uint8Array.from(addresses.flatMap((address) => address.split('.').map(Number)));
}

/** An option: its name, and its value or null for {NULL, 0}. A name given as bytes is passed without a NUL. */
export type RawOption = readonly [name: string | Uint8Array, value: Uint8Array | null];

export interface OptionsOutcome extends Outcome {
  /** What the kernel said in errmsg, up to its NUL. */
  readonly text: string;
  /** All of errmsg. */
  readonly errmsg: Uint8Array;
  /** The values as they were afterwards, in the order of the options. */
  readonly values: readonly Uint8Array[];
  /** iov_len of the values afterwards. */
  readonly lengths: readonly number[];
}

/**
 * jail_set(2), jail_get(2) or nmount(2) with an errmsg at the end of the options.
 *
 * @param errmsg its length and the byte that it is filled with before; null passes {NULL, 0}; undefined leaves it out
 * @param count how many iovecs are said to be there
 */
export async function callWithOptions(
  kernel: Kernel,
  symbol: 'jail_set' | 'jail_get' | 'nmount',
  options: readonly RawOption[],
  flags: number,
  {
    errmsg = { length: 256, fill: 0 },
    count,
  }: { errmsg?: { length: number; fill: number } | null | 'none'; count?: number } = {},
): Promise<OptionsOutcome> {
  let table = 0;
  let buffer = 0;
  const length = errmsg === null || errmsg === 'none' ? 0 : errmsg.length;
  const offsets: number[] = [];
  const answer = await call(kernel, symbol, (arena) => {
    const parts = options.flatMap(([name, value]) => {
      const nameSpan = span(arena, typeof name === 'string' ? text(name) : name);
      const valueSpan = value === null ? null : span(arena, value);
      offsets.push(valueSpan?.offset ?? 0);
      return [nameSpan, valueSpan];
    });
    if (errmsg !== 'none') {
      buffer = arena.bytes(new Uint8Array(length).fill(errmsg?.fill ?? 0));
      parts.push(span(arena, text('errmsg')), errmsg === null ? null : { offset: buffer, length });
    }
    table = arena.iovecs(parts);
    return [{ arena: table }, count ?? parts.length, flags];
  });
  const view = new DataView(answer.arena.buffer, answer.arena.byteOffset, answer.arena.byteLength);
  return {
    value: answer.value,
    error: answer.error,
    errmsg: answer.arena.slice(buffer, buffer + length),
    text: readText(answer.arena, buffer, length),
    values: options.map(([, value], index) => {
      const offset = offsets[index] ?? 0;
      return answer.arena.slice(offset, offset + (value?.byteLength ?? 0));
    }),
    lengths: options.map((_, index) => Number(view.getBigUint64(table + index * 32 + 24, true))),
  };
}

function span(arena: Arena, bytes: Uint8Array): { offset: number; length: number } {
  return { offset: arena.bytes(bytes), length: bytes.byteLength };
}
