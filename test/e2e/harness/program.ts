import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { Transcript } from './transcript.js';

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
  /** written to its standard input, which is then closed; absent: standard input stays open for the test to write */
  readonly input?: string | Buffer | undefined;
  /** Milliseconds after which the program is killed and the test fails: a guard against hanging, never a measure. */
  readonly deadline?: number | undefined;
}

export const DEADLINE = 60_000;

/** A running program whose output can be awaited while it comes. */
export class Program {
  readonly command: string;
  readonly child: ChildProcessWithoutNullStreams;
  /** settles when the program has ended and its output is read; never fails for a bad exit status */
  readonly outcome: Promise<Outcome>;
  readonly #stdout = new Transcript();
  readonly #stderr = new Transcript();

  constructor(command: readonly string[], options: ProgramOptions = {}) {
    const [file = '', ...args] = command;
    this.command = command.join(' ');
    this.child = spawn(file, args, { env: options.env, cwd: options.cwd, stdio: 'pipe' });
    this.child.stdout.on('data', (data: Buffer) => {
      this.#stdout.append(data);
    });
    this.child.stderr.on('data', (data: Buffer) => {
      this.#stderr.append(data);
    });
    // A program may end without reading all its input: its exit status tells, not our EPIPE.
    this.child.stdin.on('error', () => undefined);
    if (options.input !== undefined) this.child.stdin.end(options.input);
    this.outcome = this.#watch(options.deadline ?? DEADLINE);
    this.outcome.catch(() => undefined);
  }

  get stdout(): string {
    return this.#stdout.text;
  }

  get stderr(): string {
    return this.#stderr.text;
  }

  /** Waits until the standard output matches, and gives the match. @throws when the program ends before that */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    try {
      return await this.#stdout.until(pattern);
    } catch (error) {
      const outcome = await this.outcome;
      throw new Error(`no ${String(pattern)} came: ${describe(outcome)}`, { cause: error });
    }
  }

  async #watch(deadline: number): Promise<Outcome> {
    let late = false;
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
        code: exitStatus(code, signal),
        stdout: this.stdout,
        stderr: this.stderr,
      };
      if (late) throw new Error(`still running after ${deadline} ms: ${describe(outcome)}`);
      return outcome;
    } finally {
      clearTimeout(timer);
      this.#stdout.end();
      this.#stderr.end();
    }
  }
}

/** What a shell would give as `$?`. */
export function exitStatus(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
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
