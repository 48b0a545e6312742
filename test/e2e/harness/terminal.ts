import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import { DEADLINE, exitStatus, type ProgramOptions } from './program.js';
import { openPty, resizePty, type TerminalSize } from './pty.js';
import { Transcript } from './transcript.js';

/** How a session ended, and all that stood on its screen. */
export interface SessionOutcome {
  readonly code: number;
  readonly screen: string;
}

/** A program on a terminal of its own, with a user who types, reads and resizes. */
export class Terminal {
  readonly outcome: Promise<SessionOutcome>;
  readonly #master: number;
  readonly #stream: ReadStream;
  readonly #child: ChildProcess;
  readonly #screen = new Transcript();

  constructor(command: readonly string[], size: TerminalSize, options: ProgramOptions = {}) {
    const { master, slave } = openPty(size);
    this.#master = master;
    this.#stream = new ReadStream(master);
    this.#stream.on('data', (data: Buffer) => {
      this.#screen.append(data);
    });
    // Reading a master whose last slave is closed gives EIO (ioctl_tty(2)): the end, not an error.
    this.#stream.on('error', () => this.#stream.destroy());
    // setsid(1) executes the program itself, so that the child is the program.
    this.#child = spawn('setsid', ['--ctty', ...command], {
      env: options.env,
      cwd: options.cwd,
      stdio: [slave, slave, slave],
    });
    closeSync(slave);
    this.outcome = this.#watch(command.join(' '), options.deadline ?? DEADLINE);
    this.outcome.catch(() => undefined);
  }

  type(text: string): void {
    // The stream is for reading; both directions of a terminal are one descriptor.
    this.#stream.write(text);
  }

  until(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#screen.until(pattern);
  }

  /** Types a line and waits for an answer that was not on the screen before. */
  async ask(line: string, answer: RegExp): Promise<RegExpExecArray> {
    const seen = this.#screen.text.length;
    this.type(`${line}\n`);
    return this.#screen.until(answer, seen);
  }

  /**
   * Changes the size until the program at the other end answers to it. ctr and nerdctl begin to listen for SIGWINCH
   * some time after the container runs, and say nothing when they do: so the signal, not the size, is repeated.
   */
  async resize(size: TerminalSize, answer: RegExp): Promise<void> {
    const seen = this.#screen.text.length;
    resizePty(this.#master, size);
    let waiting = true;
    const answering = this.#screen.until(answer, seen).finally(() => {
      waiting = false;
    });
    while (waiting) {
      await Promise.race([answering, sleep(100)]);
      this.signal('SIGWINCH');
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async #watch(command: string, deadline: number): Promise<SessionOutcome> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.signal('SIGKILL');
    }, deadline);
    try {
      const closed = new Promise((resolve) => this.#stream.once('close', resolve));
      const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null];
      await closed;
      const screen = this.#screen.text;
      if (late) throw new Error(`still running after ${deadline} ms: ${command}: ${screen.slice(-2000)}`);
      return { code: exitStatus(code, signal), screen };
    } finally {
      clearTimeout(timer);
      this.#screen.end();
    }
  }
}
