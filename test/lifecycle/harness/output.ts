import { AgentGone } from '../../../src/kernel/agent.js';
import { close, read } from '../../../src/kernel/freebsd/file.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import type { Case } from '../../conformance/harness/case.js';
import { host, member } from '../../conformance/harness/processes.js';

const capacity = 64 * 1024;

/**
 * What a process of the machine writes. A process that does nothing else reads it there, over a connection of its own,
 * so that its reads may wait.
 */
export class Output {
  #text = '';
  #ended = false;
  #wake: () => void = () => undefined;

  /**
   * Begins to read, until the end.
   *
   * @param from a descriptor of the process that makes the calls of the case, whose children have it too
   * @param without others of that kind, which would keep the end from coming
   */
  async follow(c: Case, from: number, without: readonly number[] = []): Promise<void> {
    const reader = await member(c, host(c));
    await run(reader.system, (b) => without.map((fd) => close(b, fd)));
    void this.#readAll(reader.system, from);
  }

  async #readAll(reader: Case['system'], from: number): Promise<void> {
    try {
      for (;;) {
        const bytes = await run(reader, (b) => read(b, from, capacity, 'output'));
        if (bytes.byteLength === 0) break;
        this.#text += Buffer.from(bytes).toString('latin1');
        this.#wake();
      }
      // A terminal that is open holds the jail that it was made in.
      await run(reader, (b) => close(b, from));
    } catch (error) {
      // The reader was killed, as the case is over.
      if (!(error instanceof AgentGone)) this.#text += `[${String(error)}]\n`;
    }
    this.#ended = true;
    this.#wake();
  }

  /** The first whole line that matches; an Error with all that was written if none does until the end. */
  async line(pattern: RegExp): Promise<string> {
    return this.#until(() => this.#lines.slice(0, -1).find((line) => pattern.test(line)));
  }

  /** All lines, once the last process that could write more has ended. */
  async lines(): Promise<string[]> {
    return this.#until(() => (this.#ended ? this.#lines.slice(0, -1) : undefined));
  }

  /** Lines of a terminal end in CR LF; the last one has not ended yet. */
  get #lines(): string[] {
    return this.#text.split(/\r?\n/);
  }

  async #until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`the output has ended: ${this.#text}`);
      await new Promise<void>((resolve) => {
        const before = this.#wake;
        this.#wake = () => {
          this.#wake = () => undefined;
          before();
          resolve();
        };
      });
    }
  }
}
