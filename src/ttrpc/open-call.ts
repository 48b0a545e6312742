import type { Metadata } from './service.js';
import { Code, StatusError } from './status.js';
import { Timer } from './timer.js';

export interface CallOptions {
  /**
   * Milliseconds after which the call fails with DeadlineExceeded, here and on the server; 0 and less: at once.
   * Absent or Infinity: never.
   */
  readonly timeoutMs?: number | undefined;
  /** Sent with the request; names are made lower-case. */
  readonly metadata?: Metadata | undefined;
  /** Aborted, it fails the call with Canceled. The server is not told, as ttrpc has no frame for it. */
  readonly signal?: AbortSignal | undefined;
}

/** What takes the answers to a call. */
export interface CallReceiver {
  /** The last answer: the call has succeeded. Throws if it makes no sense. */
  response(payload: Buffer): void;
  /** A data frame came. True if it was the last. Throws if it makes no sense. */
  data(payload: Buffer, flags: number): boolean;
  /** The call has failed. If `here`, it was given up; else what came before the failure is still of use. */
  readonly failed: (error: Error, here: boolean) => void;
}

/** A call that a client waits for, and what can end it: an answer, its deadline, its signal, its connection. */
export class OpenCall {
  /** `service/method`, for messages. */
  readonly name: string;
  readonly receiver: CallReceiver;
  readonly #ended: () => void;
  readonly #signal: AbortSignal | undefined;
  #timer: Timer | undefined;
  #over = false;

  /** `ended` is called once, when the call is over, however it came to be. */
  constructor(name: string, options: CallOptions, receiver: CallReceiver, ended: () => void) {
    this.name = name;
    this.receiver = receiver;
    this.#ended = ended;
    const { timeoutMs, signal } = options;
    if (timeoutMs !== undefined && timeoutMs !== Infinity) {
      this.#timer = new Timer(timeoutMs, () => {
        this.#giveUp(new StatusError(Code.DeadlineExceeded, `${name} took more than ${timeoutMs} ms`));
      });
    }
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted);
  }

  get over(): boolean {
    return this.#over;
  }

  /** Releases the timer and the listener; nothing is waited for any more. */
  finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.stop();
    this.#signal?.removeEventListener('abort', this.#aborted);
    this.#ended();
  }

  /** Ends the call with an error, unless it is over. */
  fail(error: Error): void {
    if (this.#over) return;
    this.finish();
    this.receiver.failed(error, false);
  }

  #giveUp(error: Error): void {
    this.finish();
    this.receiver.failed(error, true);
  }

  readonly #aborted = (): void => {
    this.#giveUp(canceled(this.name, this.#signal));
  };
}

/** Throws if the call need not even be sent: it is canceled, or its time is over. */
export function checkOptions(name: string, { timeoutMs, signal }: CallOptions): void {
  if (signal?.aborted === true) throw canceled(name, signal);
  if (timeoutMs === undefined) return;
  if (Number.isNaN(timeoutMs)) throw new RangeError(`timeout of ${name} is not a number`);
  if (timeoutMs <= 0) {
    throw new StatusError(Code.DeadlineExceeded, `${name} was given ${timeoutMs} ms`);
  }
}

function canceled(name: string, signal: AbortSignal | undefined): StatusError {
  return new StatusError(Code.Canceled, `${name} was canceled`, { cause: signal?.reason });
}
