import { EventEmitter, once } from 'node:events';

/** What a running program has said so far, and a way to wait for more. */
export class Transcript {
  readonly #parts: Buffer[] = [];
  readonly #changed = new EventEmitter();
  #ended = false;

  constructor() {
    this.#changed.setMaxListeners(0);
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString();
  }

  append(data: Buffer): void {
    this.#parts.push(data);
    this.#changed.emit('change');
  }

  /** Says that nothing will follow: who waits for more waits in vain. */
  end(): void {
    this.#ended = true;
    this.#changed.emit('change');
  }

  /** Waits until the text from an index on matches, and gives the match. @throws when it ends without that */
  async until(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.text.slice(from));
      if (match !== null) return match;
      if (this.#ended) throw new Error(`ended without ${String(pattern)}: ${this.text.slice(-2000)}`);
      await once(this.#changed, 'change');
    }
  }
}
