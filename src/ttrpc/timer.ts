/** setTimeout takes a longer delay for 1 ms: https://nodejs.org/api/timers.html#settimeoutcallback-delay-args */
const DELAY_MAX = 2 ** 31 - 1;

/** A timer for any number of milliseconds. Whoever starts one stops it, unless it has expired. */
export class Timer {
  readonly #expired: () => void;
  #left: number;
  #timeout: NodeJS.Timeout | undefined;

  constructor(milliseconds: number, expired: () => void) {
    this.#expired = expired;
    this.#left = milliseconds;
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  #arm(): void {
    const delay = Math.min(this.#left, DELAY_MAX);
    this.#left -= delay;
    // Node rounds a fraction down; a deadline must not expire before its time.
    this.#timeout = setTimeout(() => {
      if (this.#left > 0) this.#arm();
      else this.#expired();
    }, Math.ceil(delay));
  }
}
