import type { Budget } from './budget.js';
import { QUEUED_OVERHEAD } from './limits.js';

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: Error): void;
}

/**
 * The messages of one stream on their way to their consumer. The connection pushes, never waiting; the consumer
 * iterates, at its own pace. What lies between them is counted against a budget.
 */
export class Inbox<T> implements AsyncIterableIterator<T, undefined> {
  readonly #decode: (bytes: Buffer) => T;
  readonly #budget: Budget;
  readonly #abandoned: () => void;
  #queue: Buffer[] = [];
  #head = 0;
  #waiters: Waiter<T>[] = [];
  #closed = false;
  #error: Error | undefined;

  /**
   * What decode throws ends the stream for the consumer. `abandoned` is called then, and when the consumer wants no
   * more messages, as by leaving its loop.
   */
  constructor(decode: (bytes: Buffer) => T, budget: Budget, abandoned: () => void = () => undefined) {
    this.#decode = decode;
    this.#budget = budget;
    this.#abandoned = abandoned;
  }

  /** A message came. False if there is no room for it; then it is lost, and the stream is to be failed. */
  push(bytes: Buffer): boolean {
    if (this.#closed) return true;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      this.#deliver(bytes, waiter);
      return true;
    }
    if (!this.#budget.take(bytes.length + QUEUED_OVERHEAD)) return false;
    // A small view would keep alive all the bytes that arrived with it, which no budget counts.
    this.#queue.push(bytes.length * 2 < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes);
    return true;
  }

  /** No message follows: the consumer gets those queued, then the end. */
  end(): void {
    this.#close(undefined);
  }

  /** No message follows: the consumer gets those queued, then this error, once. */
  fail(error: Error): void {
    this.#close(error);
  }

  /** Drops what is queued; the consumer gets this error, or the end, at once. */
  abort(error?: Error): void {
    while (this.#take() !== undefined);
    this.#error = error;
    this.#close(error);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      const bytes = this.#take();
      if (bytes !== undefined) this.#deliver(bytes, waiter);
      else if (this.#closed) this.#finish(waiter);
      else this.#waiters.push(waiter);
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.abort();
    this.#abandoned();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): Buffer | undefined {
    const bytes = this.#queue[this.#head];
    if (bytes === undefined) return undefined;
    this.#head += 1;
    if (this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#budget.give(bytes.length + QUEUED_OVERHEAD);
    return bytes;
  }

  #deliver(bytes: Buffer, waiter: Waiter<T>): void {
    let value: T;
    try {
      value = this.#decode(bytes);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      waiter.reject(error);
      this.abort();
      this.#abandoned();
      return;
    }
    waiter.resolve({ done: false, value });
  }

  #close(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    for (const waiter of this.#waiters.splice(0)) this.#finish(waiter);
  }

  #finish(waiter: Waiter<T>): void {
    const error = this.#error;
    this.#error = undefined;
    if (error === undefined) waiter.resolve({ done: true, value: undefined });
    else waiter.reject(error);
  }
}
