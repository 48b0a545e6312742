/** Counts bytes against a limit, and against the limit of what it is a part of. */
export class Budget {
  readonly #limit: number;
  readonly #parent: Budget | undefined;
  #used = 0;

  constructor(limit: number, parent?: Budget) {
    this.#limit = limit;
    this.#parent = parent;
  }

  /** Bytes taken and not given back. */
  get used(): number {
    return this.#used;
  }

  /** Takes all of the bytes or, if a limit forbids it, none: then false. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.#limit) return false;
    if (this.#parent?.take(bytes) === false) return false;
    this.#used += bytes;
    return true;
  }

  /** Gives back bytes that were taken. */
  give(bytes: number): void {
    this.#used -= bytes;
    this.#parent?.give(bytes);
  }
}
