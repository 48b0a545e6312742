import type { Journal, JournalEntry } from '../../src/runtime/journal.js';

/** A journal in memory, which keeps what it is told as the store does: as JSON. */
export class MemoryJournal implements Journal {
  readonly #entries = new Map<number, JournalEntry>();
  #last = 0;

  making(kind: string, detail: unknown): number {
    this.#last++;
    const kept: unknown = JSON.parse(JSON.stringify(detail));
    this.#entries.set(this.#last, { seq: this.#last, kind, detail: kept });
    return this.#last;
  }

  unmade(seq: number): void {
    this.#entries.delete(seq);
  }

  entries(): JournalEntry[] {
    return [...this.#entries.values()];
  }
}
