import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { TaskV2 } from '../../../src/proto/generated/services.js';
import { Program } from './program.js';
import type { RawShim } from './raw-shim.js';

const script = 'while read -r line; do echo "got $line"; done';

/** A container beside those that a test is about, which answers every question as long as nobody harms it. */
export class Witness {
  readonly pid: number;
  readonly #input: number;
  readonly #output: Program;
  #questions = 0;

  private constructor(pid: number, input: number, output: Program) {
    this.pid = pid;
    this.#input = input;
    this.#output = output;
  }

  static async start(shim: RawShim): Promise<Witness> {
    const [stdin, stdout] = ['in', 'out'].map((name) => join(shim.fifoDirectory, `witness-${name}`));
    if (stdin === undefined || stdout === undefined) throw new Error('two names');
    execFileSync('mkfifo', [stdin, stdout]);
    // Reading and writing, so that the open does not wait for the shim (fifo(7)).
    const input = openSync(stdin, constants.O_RDWR);
    const output = new Program(['cat', stdout], { deadline: 600_000 });
    const pid = await shim.create('witness', ['sh', '-c', script], { stdin, stdout });
    await shim.start('witness');
    return new Witness(pid, input, output);
  }

  /** @throws unless it answers, is the process that it was, and State says that it runs */
  async ask(shim: RawShim): Promise<void> {
    this.#questions += 1;
    writeSync(this.#input, `question ${this.#questions}\n`);
    await this.#output.until(new RegExp(`^got question ${this.#questions}$`, 'm'));
    const { pid, status } = await shim.call(TaskV2.methods.State, { id: 'witness' });
    if (pid !== this.pid || status !== 2) throw new Error(`the witness is ${pid}, status ${status}`);
  }

  close(): void {
    closeSync(this.#input);
    this.#output.child.kill('SIGKILL');
  }
}
