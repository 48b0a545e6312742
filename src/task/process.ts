import type { Exit, RuntimeProcess } from '../runtime/runtime.js';
import type { Stdio } from './stdio/stdio.js';

/** The strings of a Create or Exec request; State gives them back unchanged, as attach relies on them. */
export interface StdioPaths {
  readonly terminal: boolean;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

export type ProcessState = 'created' | 'running' | 'stopped';

/** An init process or an exec, from its registration to its Delete. `execId` is '' for init. */
export class Process {
  readonly execId: string;
  readonly paths: StdioPaths;
  /** resolves when the process is known to have ended: what Wait waits for */
  readonly ended: Promise<Exit>;
  stdio: Stdio | undefined;
  launched: RuntimeProcess | undefined;
  #state: ProcessState = 'created';
  #exit: Exit | undefined;
  #end: (exit: Exit) => void;
  #stdinClosed = false;
  #size: { width: number; height: number } | undefined;

  constructor(execId: string, paths: StdioPaths) {
    this.execId = execId;
    this.paths = paths;
    const { promise, resolve } = withResolvers<Exit>();
    this.ended = promise;
    this.#end = resolve;
  }

  get state(): ProcessState {
    return this.#state;
  }

  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** The pid it has or had; 0 while it was never launched. */
  get pid(): number {
    return this.launched?.pid ?? 0;
  }

  running(): void {
    if (this.#state === 'created') this.#state = 'running';
    if (this.#size !== undefined) this.launched?.resize(this.#size.width, this.#size.height);
  }

  /** Records the end, then lets everybody who waits go on: afterwards State says stopped. */
  finish(exit: Exit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    this.#state = 'stopped';
    this.#end(exit);
  }

  /** Lets those go on who wait for a process that was deleted before it was started: it never ran, status 0. */
  abandon(): void {
    this.#end({ status: 0, at: Date.now() });
  }

  /** CloseIO; one that comes before the stdio of an exec is open is kept until `opened`. */
  closeStdin(): void {
    this.#stdinClosed = true;
    this.stdio?.closeStdin();
  }

  opened(stdio: Stdio): void {
    this.stdio = stdio;
    if (this.#stdinClosed) stdio.closeStdin();
  }

  /** A size given before the process runs is kept for its start (nerdctl exec asks that early). */
  resize(width: number, height: number): void {
    if (this.launched === undefined) this.#size = { width, height };
    else this.launched.resize(width, height);
  }
}

/** Promise.withResolvers, which Node.js 20 lacks. */
export function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: ((value: T) => void) | undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: resolve as (value: T) => void };
}
