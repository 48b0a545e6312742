import { UINT64_MAX, type Int64 } from '../../proto/int64.js';

/** Numbers by key; `get` gives 0 for a key that this kernel does not have. */
export interface Table {
  has(key: string): boolean;
  get(key: string): Int64;
}

/** A line of what is counted by device: "8:0 rbytes=1 wbytes=2". */
export interface DeviceLine {
  readonly device: string;
  readonly values: ReadonlyMap<string, string>;
}

/**
 * A number of a kernel file; `max` is the largest of 64 bits.
 *
 * @param file for the error
 * @throws Error on anything else
 */
export function parseInteger(text: string, file: string): Int64 {
  const digits = text.trim();
  if (digits === 'max') return UINT64_MAX;
  if (!/^\d{1,20}$/.test(digits)) throw new Error(`${file}: ${JSON.stringify(digits)} is not a number`);
  return digits.length <= 15 ? Number(digits) : BigInt(digits);
}

/** Lines of a key and a number, as in memory.stat. */
export function parseFlat(text: string, file: string): Table {
  const values = new Map<string, Int64>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) values.set(line.slice(0, space), parseInteger(line.slice(space + 1), file));
  }
  return { has: (key) => values.has(key), get: (key) => values.get(key) ?? 0 };
}

/** Lines of a name and key=value pairs, as in io.stat, rdma.current and the pressure files. */
export function parseNested(text: string): DeviceLine[] {
  return lines(text).map((line) => {
    const [device = '', ...pairs] = line.split(' ');
    return {
      device,
      values: new Map(
        pairs
          .filter((pair) => pair.includes('='))
          .map((pair) => {
            const equals = pair.indexOf('=');
            return [pair.slice(0, equals), pair.slice(equals + 1)];
          }),
      ),
    };
  });
}

/** "8:0" as numbers, or undefined for what is no device. */
export function parseDevice(text: string): { major: number; minor: number } | undefined {
  const match = /^(\d{1,10}):(\d{1,10})$/.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/** The lines that are not empty. */
export function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
