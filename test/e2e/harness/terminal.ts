import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program, run, succeeded, type ProgramOptions } from './program.js';

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/**
 * A program on a pseudo-terminal, with a user who types and resizes. script(1) of util-linux makes the terminal, and
 * stty(1) changes its size from outside, upon which the kernel sends SIGWINCH to the program: nothing but what every
 * Debian has.
 */
export class Terminal {
  readonly program: Program;
  readonly #device: string;

  private constructor(program: Program, device: string) {
    this.program = program;
    this.#device = device;
  }

  static async open(
    command: readonly string[],
    size: TerminalSize,
    options: ProgramOptions = {},
  ): Promise<Terminal> {
    const inside = `tty && stty rows ${size.rows} cols ${size.columns} && exec ${command.map(quote).join(' ')}`;
    const program = new Program(
      ['script', '--quiet', '--flush', '--return', '--command', inside, '/dev/null'],
      options,
    );
    const match = await program.until(/(\/dev\/pts\/\d+)\r?\n/);
    return new Terminal(program, match[1] ?? '');
  }

  type(text: string): void {
    this.program.child.stdin.write(text);
  }

  /** Types a line and waits for an answer that was not on the screen before. */
  async ask(line: string, answer: RegExp): Promise<RegExpExecArray> {
    const seen = this.program.stdout.length;
    this.type(`${line}\n`);
    return this.program.until(answer, seen);
  }

  /**
   * Changes the size until the program at the other end answers to it. ctr and nerdctl begin to listen for SIGWINCH
   * some time after the container runs, and say nothing when they do: so the signal, not the size, is repeated.
   */
  async resize(size: TerminalSize, answer: RegExp): Promise<void> {
    const seen = this.program.stdout.length;
    succeeded(
      await run(['stty', '-F', this.#device, 'rows', String(size.rows), 'cols', String(size.columns)]),
    );
    let answered = false;
    const isAnswered = (): boolean => answered;
    const answering = this.program.until(answer, seen).finally(() => {
      answered = true;
    });
    while (!isAnswered()) {
      this.signal('SIGWINCH');
      await Promise.race([answering, sleep(100)]);
    }
    await answering;
  }

  /** Signals the program on the terminal, not script(1) that holds it. */
  signal(signal: NodeJS.Signals): void {
    const pid = this.program.child.pid ?? 0;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    for (const child of children.filter((text) => text !== '')) process.kill(Number(child), signal);
  }
}

/** A word for sh(1). */
function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
