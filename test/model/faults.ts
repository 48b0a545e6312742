/** Calls that shall fail: to see what a caller leaves behind. */
export class FaultPlan {
  /** How many calls have been made, by all processes together. */
  made = 0;
  #at: number | undefined;
  #code: (symbol: string) => string = () => '';
  #moment: { left: number; readonly act: () => void } | undefined;
  #before: { readonly at: number; readonly act: () => void } | undefined;
  /** Is told of each call before it is made. */
  watch: ((symbol: string) => void) | undefined;
  /** The call that was made to fail, or undefined if it has not come to that. */
  failed: string | undefined;

  /**
   * Makes the n-th call from now on, counted from 1, fail with this errno, or with that which it gets for the call's name.
   * A close still closes.
   */
  failNth(n: number, code: string | ((symbol: string) => string)): void {
    this.#at = this.made + n;
    this.#code = typeof code === 'string' ? () => code : code;
    this.failed = undefined;
  }

  /** Does something right before the n-th call from now on, counted from 1, as another process might. */
  beforeNth(n: number, act: () => void): void {
    this.#before = { at: this.made + n, act };
  }

  /** Whether what was to be done before a call is still to be done: there were fewer calls. */
  get waits(): boolean {
    return this.#before !== undefined || this.#moment !== undefined;
  }

  /**
   * Does something at the n-th moment from now on, counted from 1, at which whoever makes calls can die and leave something
   * else than at another: when it is about to have a batch made, and when a call that changes something has been made.
   */
  atMoment(n: number, act: () => void): void {
    this.#moment = { left: n, act };
  }

  /** Such a moment has come. What is thrown goes to whoever made the call. */
  moment(): void {
    if (this.#moment === undefined || --this.#moment.left > 0) return;
    const { act } = this.#moment;
    this.#moment = undefined;
    act();
  }

  /** The errno that the next call shall fail with, if it shall. */
  next(symbol: string): string | undefined {
    this.made++;
    this.watch?.(symbol);
    const before = this.#before;
    if (before?.at === this.made) {
      this.#before = undefined;
      before.act();
    }
    if (this.made !== this.#at) return undefined;
    this.failed = symbol;
    return this.#code(symbol);
  }
}
