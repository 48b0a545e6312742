import type { BigIntStats } from 'node:fs';
import type { Entry } from '../tar/entry.js';

/** Remembers files with several names, so that all but the first are written as links to it. */
export class HardLinks {
  readonly #first = new Map<string, string>();

  /** Says that a name is there already, below the layer: further names become links to it. */
  found(name: string, stats: BigIntStats): void {
    const key = keyOf(stats);
    if (!this.#first.has(key)) this.#first.set(key, name);
  }

  /** @returns the entry, or a link in its place */
  of(entry: Entry, stats: BigIntStats): Entry {
    if (entry.type === 'directory' || stats.nlink < 2n) return entry;
    this.found(entry.name, stats);
    const first = this.#first.get(keyOf(stats));
    if (first === undefined || first === entry.name) return entry;
    return { ...entry, type: 'link', target: first, size: 0, attributes: new Map(), flags: '' };
  }
}

const keyOf = (stats: BigIntStats): string => `${stats.dev}:${stats.ino}`;
