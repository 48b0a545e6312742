import type { Engine, Memory } from './engine/engine.js';

const smallest = 4096;
const largestKept = 256 * 1024;
const keptOfEachSize = 4;

/** Lends zeroed memory, and keeps small blocks for the next batch: most batches are small and follow each other. */
export class MemoryPool {
  readonly #engine: Engine;
  readonly #kept = new Map<number, Memory[]>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Memory of at least `size` bytes; the first `size` are to be written by the borrower. */
  borrow(size: number): Memory {
    const block = blockSize(size);
    return this.#kept.get(block)?.pop() ?? this.#engine.allocate(block);
  }

  giveBack(memory: Memory): void {
    const block = memory.bytes.byteLength;
    const kept = this.#kept.get(block) ?? [];
    if (block > largestKept || kept.length >= keptOfEachSize) {
      this.#engine.release(memory);
      return;
    }
    kept.push(memory);
    this.#kept.set(block, kept);
  }

  /** Releases what is kept; memory that is lent is released when it is given back. */
  close(): void {
    for (const kept of this.#kept.values())
      kept.forEach((memory) => {
        this.#engine.release(memory);
      });
    this.#kept.clear();
  }
}

function blockSize(size: number): number {
  let block = smallest;
  while (block < size) block *= 2;
  return block;
}
