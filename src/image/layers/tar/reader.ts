import { ImageError } from '../../error.js';
import { within, type Limits } from '../limits.js';
import type { Entry } from './entry.js';
import { blockSize, decodeHeader, isZero, text, type Header } from './header.js';
import { describe, type Said } from './describe.js';
import { decodePax } from './pax.js';
import { checkExtents, headExtents, MapReader, tailExtents, type Extent } from './sparse.js';

/** What comes next in a tar: an entry, bytes of its file at a position, and that its file is complete. */
export type TarEvent =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'data'; readonly data: Buffer; readonly position: number }
  | { readonly kind: 'done' };

/** Headers of these types tell of the entry that follows. */
const telling = 'xXgLK';

const padded = (size: number): number => Math.ceil(size / blockSize) * blockSize;

/**
 * Reads a tar as it comes, without streams of its own: feed it a chunk, then ask for events until there are none.
 *
 * What it takes for an entry is what Go's archive/tar does, which other programs for images read with: two programs that
 * see different files in one layer are a way past whoever checks it. Global extended headers are skipped, as there.
 */
export class TarReader {
  readonly #limits: Limits;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** a block or a long header whose bytes come in several chunks, and how many are there */
  #partial: Buffer | undefined;
  #filled = 0;

  #state: 'header' | 'telling' | 'continuation' | 'map' | 'data' | 'padding' | 'end' = 'header';
  #header: Header | undefined;
  #said: Said = {};
  #told = 0;
  #entries = 0;
  #zeroBlock = false;

  /** of the file that is read: its entry until it is given out, its parts, and bytes that the tar still has for it */
  #entry: Entry | undefined;
  #extents: Extent[] = [];
  #map: MapReader | undefined;
  #extent = 0;
  #inExtent = 0;
  #stored = 0;
  #padding = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Gives it more; the chunk before must have been used up. */
  feed(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** @throws ImageError corrupt if the tar ended within an entry */
  finish(): void {
    const between = this.#state === 'header' && this.#filled === 0 && this.#told === 0;
    if (this.#state === 'end' || between || (this.#state === 'padding' && this.#padding === 0)) return;
    throw new ImageError('corrupt', 'the tar of the layer ends within an entry');
  }

  /** What is next; undefined when another chunk is needed. @throws ImageError invalid, exhausted, unsupported */
  next(): TarEvent | undefined {
    for (;;) {
      if (this.#state === 'end') return undefined;
      if (this.#state === 'data') {
        return this.#data();
      } else if (this.#state === 'padding') {
        const step = Math.min(this.#padding, this.#chunk.byteLength - this.#at);
        this.#at += step;
        this.#padding -= step;
        if (this.#padding > 0) return undefined;
        this.#state = 'header';
      } else {
        const size = this.#state === 'telling' ? padded(this.#header?.size ?? 0) : blockSize;
        const bytes = this.#take(size);
        if (bytes === undefined) return undefined;
        const event = this.#consume(bytes);
        if (event !== undefined) return event;
      }
    }
  }

  #consume(bytes: Buffer): TarEvent | undefined {
    if (this.#state === 'telling') this.#tell(bytes);
    else if (this.#state === 'continuation') return this.#continue(bytes);
    else if (this.#state === 'map') return this.#readMap(bytes);
    else if (!isZero(bytes)) return this.#readHeader(bytes);
    else if (this.#zeroBlock) this.#state = 'end';
    else this.#zeroBlock = true;
    return undefined;
  }

  #readHeader(block: Buffer): TarEvent | undefined {
    if (this.#zeroBlock) throw new ImageError('invalid', 'tar: a lone block of zeros between entries');
    const header = decodeHeader(block);
    this.#header = header;
    if (!telling.includes(header.type)) return this.#begin(header);
    this.#told += header.size;
    within(this.#limits.header, this.#told, `an extended header of ${this.#told} bytes`);
    // None of them may be left out, or take its turn forever.
    within(this.#limits.entries, ++this.#entries, `${this.#entries} headers`);
    this.#state = 'telling';
    if (header.size === 0) this.#tell(Buffer.alloc(0));
    return undefined;
  }

  #tell(bytes: Buffer): void {
    const { type = '', size = 0 } = this.#header ?? {};
    const data = bytes.subarray(0, size);
    this.#state = 'header';
    if (type === 'L') this.#said = { ...this.#said, name: text(data, 0, size) };
    else if (type === 'K') this.#said = { ...this.#said, target: text(data, 0, size) };
    // Copied, since the values of attributes stay.
    else if (type !== 'g') this.#said = { ...this.#said, records: decodePax(Buffer.from(data)) };
    else this.#told -= size;
  }

  #begin(header: Header): TarEvent | undefined {
    within(this.#limits.entries, ++this.#entries, `${this.#entries} entries`);
    const { entry, stored, sparse } = describe(header, this.#said, this.#limits);
    this.#said = {};
    this.#told = 0;
    this.#entry = entry;
    this.#stored = stored;
    this.#padding = padded(stored) - stored;
    this.#extents = entry.type === 'file' && stored > 0 ? [{ offset: 0, length: stored }] : [];
    this.#map = undefined;
    if (sparse === undefined) return this.#giveOut();
    if (sparse === 'header') {
      this.#extents = headExtents(header.block);
      if (header.block[482] !== 0) {
        this.#state = 'continuation';
        return undefined;
      }
    } else if (sparse === 'data') {
      this.#map = new MapReader(this.#limits.header);
      this.#state = 'map';
      return undefined;
    } else this.#extents = [...sparse];
    return this.#giveSparse();
  }

  /** A block with more of the map of GNU's first format. */
  #continue(block: Buffer): TarEvent | undefined {
    this.#extents.push(...tailExtents(block));
    within(this.#limits.header, this.#extents.length * 24, 'a sparse map that is too long');
    return block[504] === 0 ? this.#giveSparse() : undefined;
  }

  /** A block of the map before the bytes of a file, of format 1.0. */
  #readMap(block: Buffer): TarEvent | undefined {
    this.#stored -= blockSize;
    if (this.#stored < 0) throw new ImageError('invalid', 'tar: a sparse map is longer than its file');
    const extents = this.#map?.add(block);
    if (extents === undefined) return undefined;
    this.#extents = extents;
    return this.#giveSparse();
  }

  #giveSparse(): TarEvent {
    const entry = this.#entry;
    if (entry === undefined) throw new Error('tar: no entry');
    checkExtents(this.#extents, entry.size, this.#stored);
    this.#extents = this.#extents.filter(({ length }) => length > 0);
    this.#entry = { ...entry, extents: this.#extents };
    return this.#giveOut();
  }

  #giveOut(): TarEvent {
    const entry = this.#entry;
    if (entry === undefined) throw new Error('tar: no entry');
    this.#extent = 0;
    this.#inExtent = 0;
    this.#state = 'data';
    return { kind: 'entry', entry };
  }

  #data(): TarEvent | undefined {
    const extent = this.#extents[this.#extent];
    if (extent === undefined) {
      this.#state = 'padding';
      return { kind: 'done' };
    }
    const available = this.#chunk.byteLength - this.#at;
    if (available === 0) return undefined;
    const position = extent.offset + this.#inExtent;
    const length = Math.min(available, extent.length - this.#inExtent);
    const data = this.#chunk.subarray(this.#at, this.#at + length);
    this.#at += length;
    this.#inExtent += length;
    if (this.#inExtent === extent.length) {
      this.#extent++;
      this.#inExtent = 0;
    }
    return { kind: 'data', data, position };
  }

  /** Bytes of the chunk itself where it has all of them; undefined when another chunk is needed. */
  #take(size: number): Buffer | undefined {
    const available = this.#chunk.byteLength - this.#at;
    if (this.#partial === undefined) {
      if (available >= size) {
        this.#at += size;
        return this.#chunk.subarray(this.#at - size, this.#at);
      }
      if (available === 0) return undefined;
      this.#partial = Buffer.allocUnsafe(size);
    }
    const step = Math.min(available, size - this.#filled);
    this.#chunk.copy(this.#partial, this.#filled, this.#at, this.#at + step);
    this.#at += step;
    this.#filled += step;
    if (this.#filled < size) return undefined;
    const whole = this.#partial;
    this.#partial = undefined;
    this.#filled = 0;
    return whole;
  }
}
