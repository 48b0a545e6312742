import type { Inbox } from './inbox.js';
import type { CallContext, Metadata } from './service.js';
import type { Timer } from './timer.js';

/**
 * A call on the server, from its request to the end of its handler. It is over once it is answered or its
 * connection has ended; its handler may still run then, and is told by the signal that nobody waits for it.
 */
export class ServerCall implements CallContext {
  readonly id: number;
  /** True if more than one message may travel in either direction. */
  readonly streaming: boolean;
  readonly metadata: Metadata;
  readonly deadline: number | undefined;
  /** Set once, as soon as there is one: messages of a streaming client, the timer of a deadline. */
  inbox: Inbox<unknown> | undefined;
  timer: Timer | undefined;
  #over = false;
  #remoteClosed = false;
  #reason: Error | undefined;
  #controller: AbortController | undefined;

  constructor(id: number, streaming: boolean, metadata: Metadata, deadline: number | undefined) {
    this.id = id;
    this.streaming = streaming;
    this.metadata = metadata;
    this.deadline = deadline;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get over(): boolean {
    return this.#over;
  }

  /** True once the client has said that it sends no more. */
  get remoteClosed(): boolean {
    return this.#remoteClosed;
  }

  /** True if a handler failed just because it was told to stop, as by the AbortError that Node's functions throw. */
  explains(thrown: unknown): boolean {
    const reason = this.#reason;
    if (reason === undefined) return false;
    return thrown === reason || (thrown instanceof Error && thrown.cause === reason);
  }

  /** The client sends no more messages. */
  closeRemote(): void {
    this.#remoteClosed = true;
    this.inbox?.end();
  }

  /** The handler's answer is being sent. */
  finish(): void {
    this.#end(undefined);
  }

  /** The call ends before its handler does. */
  cancel(reason: Error): void {
    if (this.#over) return;
    this.#reason = reason;
    this.#end(reason);
    this.#controller?.abort(reason);
  }

  #end(reason: Error | undefined): void {
    this.#over = true;
    this.timer?.stop();
    this.inbox?.abort(reason);
  }
}
