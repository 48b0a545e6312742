import { Descriptors } from './descriptor.js';
import type { LoggerLimits } from './logger.js';
import { openProcessStdio } from './process-stdio.js';
import type { StdioOptions, StdioRequest } from './request.js';
import { openTerminalStdio } from './terminal-stdio.js';

export type { StdioOptions, StdioRequest } from './request.js';

/** The stdio of one process, from before its start until its Delete. */
export interface Stdio {
  /**
   * Descriptors to hand to the process as 0, 1 and 2, valid until releaseChildEnds(). Undefined with a terminal: the process
   * then gets 'ignore', and attachTerminal() what it makes itself.
   */
  readonly child: readonly [number, number, number] | undefined;

  /** Closes our copies of the process's ends. Call it right after the spawn, or end of file will never come. Idempotent. */
  releaseChildEnds(): void;

  /** Call it when the process exists and its client is about to be told so: from then on the input ends with CloseIO only. */
  keepInput(): Promise<void>;

  /**
   * Terminal only, once. Takes ownership of the master of the process's pseudo-terminal, also when it throws, and starts
   * copying.
   *
   * `slave`, when given, is ours too and kept open until processExited(). It bridges the moments when a living container holds
   * its terminal closed, as an init(8) does that reopens its console for every message: without it the first such
   * moment is taken for the end of the output.
   */
  attachTerminal(master: number, slave?: number): void;

  /** Terminal only: the master, for TIOCSWINSZ. Undefined before attachTerminal() and as soon as it is closed. */
  readonly master: number | undefined;

  /** The process is gone: from now on, a terminal that nobody holds open has nothing more to say. Idempotent. */
  processExited(): void;

  /**
   * CloseIO: the input ends when no client has it open any more. A terminal then gets its end-of-file character; it is not
   * hung up, because what the process has to say about its last input would be lost with it. Idempotent.
   */
  closeStdin(): void;

  /**
   * Resolves when all output is with the client's FIFO, file or logger, that is when whatever the shim copies has seen its end
   * of file. At once, when the shim copies nothing. Never rejects. It waits for readers, and for grandchildren that
   * hold the output open: to be awaited with a limit, then close().
   */
  readonly drained: Promise<void>;

  /**
   * Ends everything at once, and gives the client its end of file. Waits for a logger, for as long as the limits say.
   * Resolves when every descriptor is closed. Idempotent, never rejects.
   */
  close(): Promise<void>;
}

const LIMITS: LoggerLimits = {
  readyTimeoutMs: 10_000,
  exitGraceMs: 25,
  lingerMs: 2_000,
  killTimeoutMs: 12_000,
};

/**
 * Opens what a request names. Rejects with an Error that names the stream and the path, and holds nothing then.
 * Never waits for a client: a FIFO without one opens, and keeps what is written until one comes.
 */
export async function openStdio(request: StdioRequest, options: StdioOptions): Promise<Stdio> {
  const owned = new Descriptors();
  const open = request.terminal ? openTerminalStdio : openProcessStdio;
  try {
    return await open(request, { ...LIMITS, ...options }, owned);
  } catch (error) {
    owned.close(options.report);
    throw error;
  }
}
