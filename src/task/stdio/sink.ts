import { createWriteStream } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import type { Descriptor } from './descriptor.js';

/**
 * The end of a copy. When writing fails (a full disk, a logger that died), that is reported once and the rest is thrown
 * away: the container goes on, as its program could do nothing about it.
 */
export class Sink {
  readonly #stream: Writable;
  readonly #closed: Promise<void>;

  constructor(stream: Writable, report: (error: Error) => void) {
    this.#stream = stream;
    this.#closed = new Promise((resolve) => {
      stream.once('close', resolve);
    });
    stream.on('error', report);
  }

  /** Hands on a chunk; `done` is called when the kernel has it, or when it had to be thrown away. */
  write(chunk: Uint8Array, done: () => void): void {
    if (this.#stream.destroyed) {
      done();
      return;
    }
    this.#stream.write(chunk, () => {
      done();
    });
  }

  /** Closes the descriptor at once, with what was not yet handed on. */
  close(): Promise<void> {
    this.#stream.destroy();
    return this.#closed;
  }
}

/** The write end of a pipe or FIFO, through epoll or kqueue: it takes no thread while it is full. */
export function pipeSink(writer: Descriptor, report: (error: Error) => void): Sink {
  const sink = new Sink(new Socket({ fd: writer.fd, readable: false, writable: true }), report);
  writer.take();
  return sink;
}

/** A regular file, which neither epoll nor kqueue can wait for; its writes run in libuv's thread pool. */
export function fileSink(file: Descriptor, report: (error: Error) => void): Sink {
  return new Sink(createWriteStream('', { fd: file.take() }), report);
}
