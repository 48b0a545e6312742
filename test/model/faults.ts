/** Calls that shall fail: to see what a caller leaves behind. */
export class FaultPlan {
  /** How many calls have been made, by all processes together. */
  made = 0;
  #at: number | undefined;
  #code = '';
  /** The call that was made to fail, or undefined if it has not come to that. */
  failed: string | undefined;

  /** Makes the n-th call from now on, counted from 1, fail with this errno. A close still closes. */
  failNth(n: number, code: string): void {
    this.#at = this.made + n;
    this.#code = code;
    this.failed = undefined;
  }

  /** The errno that the next call shall fail with, if it shall. */
  next(symbol: string): string | undefined {
    this.made++;
    if (this.made !== this.#at) return undefined;
    this.failed = symbol;
    return this.#code;
  }
}
