import type { RuntimeContainer } from '../runtime/runtime.js';

/** What the status of a container says beyond the state of its init process. */
export type PauseState = 'no' | 'pausing' | 'paused';

/** Whether the processes of a container are frozen. Pauses do not overlap: that is the caller's business. */
export class Pause {
  readonly #runtime: Pick<RuntimeContainer, 'pause' | 'resume'>;
  readonly #thawed: () => void;
  #state: PauseState = 'no';
  #thawing: Promise<void> | undefined;

  /** `thawed` is called each time that a pause has ended by `thaw`. */
  constructor(runtime: Pick<RuntimeContainer, 'pause' | 'resume'>, thawed: () => void) {
    this.#runtime = runtime;
    this.#thawed = thawed;
  }

  get state(): PauseState {
    return this.#state;
  }

  async freeze(): Promise<void> {
    this.#state = 'pausing';
    try {
      await this.#runtime.pause();
      this.#state = 'paused';
    } catch (error) {
      this.#state = 'no';
      throw error;
    }
  }

  /** Ends the pause, however many ask for it. It stays when that fails. */
  thaw(): Promise<void> {
    return (this.#thawing ??= this.#thaw());
  }

  async #thaw(): Promise<void> {
    try {
      await this.#runtime.resume();
      this.#state = 'no';
      this.#thawed();
    } finally {
      this.#thawing = undefined;
    }
  }

  /** There is nothing left to be frozen. */
  end(): void {
    this.#state = 'no';
  }
}
