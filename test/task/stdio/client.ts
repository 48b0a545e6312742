import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { TestContext } from 'node:test';

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** A client at the reading end of a FIFO. */
export class Reader {
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #ended: Promise<void>;
  #isEnded = false;
  #wake: () => void = () => undefined;

  constructor(test: TestContext, path: string) {
    const fd = openSync(path, O_RDONLY | O_NONBLOCK);
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    this.#ended = new Promise((resolve) => {
      this.#socket.once('end', () => {
        this.#isEnded = true;
        this.#wake();
        resolve();
      });
    });
    test.after(() => {
      this.#socket.destroy();
    });
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** All bytes up to the end of file. */
  async toEnd(): Promise<Buffer> {
    await this.#ended;
    return Buffer.concat(this.#chunks);
  }

  /** Waits until the text that came so far has this in it; fails at the end of file. */
  async until(part: string): Promise<void> {
    while (!this.text.includes(part)) {
      if (this.#isEnded) throw new Error(`end of file after ${JSON.stringify(this.text)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The client goes away. */
  async leave(): Promise<void> {
    const gone = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.destroy();
    await gone;
  }
}

/** A client at the writing end of a FIFO that somebody reads. */
export class Writer {
  readonly #socket: Socket;

  constructor(test: TestContext, path: string) {
    const fd = openSync(path, O_WRONLY | O_NONBLOCK);
    this.#socket = new Socket({ fd, readable: false, writable: true });
    test.after(() => {
      this.#socket.destroy();
    });
  }

  /** Resolves when the kernel has all of it. */
  write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(data, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }

  async leave(): Promise<void> {
    const gone = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.destroy();
    await gone;
  }
}

/** Whether anybody has the FIFO open to read it. */
export function hasReader(path: string): boolean {
  try {
    closeSync(openSync(path, O_WRONLY | O_NONBLOCK));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENXIO') return false;
    throw error;
  }
}
