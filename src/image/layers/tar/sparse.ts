import { ImageError } from '../../error.js';
import { within } from '../limits.js';
import { number } from './header.js';

/** A part of a sparse file that has bytes; what is between parts is a hole, of zeros. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** What a header of GNU's type `S` lists. */
export const headExtents = (block: Buffer): Extent[] => listed(block, 386, 4);

/** What a block lists that continues such a header. */
export const tailExtents = (block: Buffer): Extent[] => listed(block, 0, 21);

function listed(block: Buffer, at: number, count: number): Extent[] {
  const extents: Extent[] = [];
  for (let index = 0; index < count; index++) {
    const place = at + index * 24;
    // An unused slot begins with a NUL.
    if (block[place] === 0) break;
    extents.push({
      offset: number(block, place, 12, 'sparse offset'),
      length: number(block, place + 12, 12, 'sparse length'),
    });
  }
  return extents;
}

/** Pairs of numbers: offset, length. @throws ImageError invalid */
export function pairedExtents(numbers: readonly string[]): Extent[] {
  const values = numbers.map(mapNumber);
  if (values.length % 2 !== 0) throw new ImageError('invalid', 'tar: a sparse map is malformed');
  const extents: Extent[] = [];
  for (let index = 0; index < values.length; index += 2) {
    extents.push({ offset: values[index] ?? 0, length: values[index + 1] ?? 0 });
  }
  return extents;
}

function mapNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new ImageError('invalid', 'tar: a sparse map is malformed');
  return Number(text);
}

/** Reads the map that format 1.0 has before the bytes of a file: how many parts, then their pairs, a line each; in whole blocks. */
export class MapReader {
  readonly #limit: number;
  #size = 0;
  #rest = '';
  readonly #lines: string[] = [];

  /** @param limit bytes that the map may have */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns the map, once it is complete. @throws ImageError invalid, exhausted */
  add(block: Buffer): Extent[] | undefined {
    this.#size += block.byteLength;
    within(this.#limit, this.#size, `a sparse map of ${this.#size} bytes`);
    const lines = (this.#rest + block.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    this.#lines.push(...lines);
    const [count] = this.#lines;
    if (count === undefined) return undefined;
    const wanted = 1 + 2 * mapNumber(count);
    return this.#lines.length < wanted ? undefined : pairedExtents(this.#lines.slice(1, wanted));
  }
}

/**
 * Refuses a map whose parts are out of order, overlap, reach beyond the file's end, or are not what the tar has.
 *
 * @throws ImageError invalid
 */
export function checkExtents(extents: readonly Extent[], size: number, stored: number): void {
  let end = 0;
  let sum = 0;
  for (const { offset, length } of extents) {
    if (offset < end || length < 0 || offset + length > size) {
      throw new ImageError('invalid', 'tar: the parts of a sparse file overlap, or are beyond its end');
    }
    end = offset + length;
    sum += length;
  }
  if (sum !== stored) throw new ImageError('invalid', 'tar: a sparse file has other bytes than its map says');
}
