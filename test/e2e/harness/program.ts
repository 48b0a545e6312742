import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { EventEmitter, once } from 'node:events';

/** What a program left behind when it ended. */
export interface Outcome {
  readonly command: string;
  /** exit status; 128 + signal if a signal ended it, as a shell would say */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string | undefined;
  /** written to its standard input, which is then closed; absent: standard input is left open for `stdin` */
  readonly input?: string | Buffer | undefined;
  /** Milliseconds after which the program is killed and the test fails: a guard against hanging, never a measure. */
  readonly deadline?: number | undefined;
}

const signalNumbers: Record<string, number> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** A running program whose output can be awaited while it comes. */
export class Program {
  readonly command: string;
  readonly child: ChildProcessWithoutNullStreams;
  /** settles when the program has ended and its output is read; never fails for a bad exit status */
  readonly outcome: Promise<Outcome>;
  readonly #output: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  readonly #changed = new EventEmitter();
  #ended = false;

  constructor(command: readonly string[], options: ProgramOptions = {}) {
    const [file = '', ...args] = command;
    this.command = command.join(' ');
    this.child = spawn(file, args, { env: options.env, cwd: options.cwd, stdio: 'pipe' });
    this.#changed.setMaxListeners(0);
    for (const stream of ['stdout', 'stderr'] as const) {
      this.child[stream].on('data', (data: Buffer) => {
        this.#output[stream].push(data);
        this.#changed.emit('change');
      });
    }
    // A program may end without reading all its input: its exit status tells, not our EPIPE.
    this.child.stdin.on('error', () => undefined);
    if (options.input !== undefined) this.child.stdin.end(options.input);
    this.outcome = this.#watch(options.deadline ?? 60_000);
    this.outcome.catch(() => undefined);
  }

  get stdout(): string {
    return Buffer.concat(this.#output.stdout).toString();
  }

  get stderr(): string {
    return Buffer.concat(this.#output.stderr).toString();
  }

  /** Waits until the standard output matches, and gives the match. @throws when the program ends before that */
  async until(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stdout.slice(from));
      if (match !== null) return match;
      if (this.#ended) {
        await this.outcome;
        throw new Error(`${this.command}: ended without ${String(pattern)}: ${this.stdout}${this.stderr}`);
      }
      await once(this.#changed, 'change');
    }
  }

  async #watch(deadline: number): Promise<Outcome> {
    let late = false;
    const isLate = (): boolean => late;
    const timer = setTimeout(() => {
      late = true;
      this.child.kill('SIGKILL');
      // Someone else may hold its output open, and 'close' would wait for them.
      this.child.stdout.destroy();
      this.child.stderr.destroy();
    }, deadline);
    try {
      const [code, signal] = (await once(this.child, 'close')) as [number | null, NodeJS.Signals | null];
      const outcome = {
        command: this.command,
        code: code ?? 128 + (signalNumbers[signal ?? ''] ?? 0),
        stdout: this.stdout,
        stderr: this.stderr,
      };
      if (isLate()) throw new Error(`still running after ${deadline} ms: ${describe(outcome)}`);
      return outcome;
    } finally {
      clearTimeout(timer);
      this.#ended = true;
      this.#changed.emit('change');
    }
  }
}

/** Runs a program to its end. @throws only if it cannot be started or outlives its deadline */
export function run(command: readonly string[], options: ProgramOptions = {}): Promise<Outcome> {
  return new Program(command, { input: '', ...options }).outcome;
}

/** Runs a program that must succeed, and gives its standard output. */
export async function output(command: readonly string[], options: ProgramOptions = {}): Promise<string> {
  return succeeded(await run(command, options)).stdout;
}

/** @throws Error with everything the program said, unless it exited with 0 */
export function succeeded(outcome: Outcome): Outcome {
  if (outcome.code !== 0) throw new Error(describe(outcome));
  return outcome;
}

export function describe(outcome: Outcome): string {
  const { command, code, stdout, stderr } = outcome;
  return `${command}: exit status ${code}\nstdout: ${stdout.slice(0, 2000)}\nstderr: ${stderr.slice(0, 2000)}`;
}
