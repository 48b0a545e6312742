import type { Socket } from 'node:net';
import type { FrameReceiver } from './frame.js';
import { FrameReader, HEADER_LENGTH, writeHeader } from './frame.js';
import { UNSENT_SOFT_MAX } from './limits.js';

/** Payloads up to this length are copied behind their header, which costs less than one more buffer to write. */
const COPY_MAX = 4096;

export interface ConnectionOwner extends FrameReceiver {
  /** The connection is over; called once. The error is absent if one of the two sides just closed it. */
  closed(error: Error | undefined): void;
}

/**
 * Frames over a socket, both ways. Frames sent during one turn of the event loop are written together. Owns the
 * socket: it is destroyed when the peer ends the connection, when it fails, and when told to.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #pauseWhenFull: boolean;
  #corked = false;
  #error: Error | undefined;
  #waiting: (() => void)[] = [];

  /** With pauseWhenFull, a peer that does not read what it is sent is not read from either. */
  constructor(socket: Socket, owner: ConnectionOwner, { pauseWhenFull }: { pauseWhenFull: boolean }) {
    this.#socket = socket;
    this.#reader = new FrameReader(owner);
    this.#pauseWhenFull = pauseWhenFull;
    const over = (): void => {
      this.#reader.stop();
      this.#proceed();
      owner.closed(this.#error);
    };
    if (socket.closed) {
      process.nextTick(over);
      return;
    }
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk);
    });
    socket.on('drain', () => {
      if (this.#pauseWhenFull) socket.resume();
      this.#proceed();
    });
    socket.on('end', () => {
      this.destroy();
    });
    socket.on('error', (error: Error) => {
      this.#error ??= error;
    });
    socket.once('close', over);
  }

  /** Bytes accepted for sending that the kernel has not taken yet. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** Sends a frame whose data are the head, then the payload. To a connection that is over, it does nothing. */
  send(streamId: number, type: number, flags: number, head: Uint8Array, payload: Uint8Array): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    this.#cork();
    const length = head.length + payload.length;
    const copied = payload.length <= COPY_MAX ? length : head.length;
    const frame = Buffer.allocUnsafe(HEADER_LENGTH + copied);
    writeHeader(frame, length, streamId, type, flags);
    frame.set(head, HEADER_LENGTH);
    if (copied === length) {
      frame.set(payload, HEADER_LENGTH + head.length);
      socket.write(frame);
    } else {
      socket.write(frame);
      socket.write(payload);
    }
    if (this.#pauseWhenFull && this.#full) socket.pause();
  }

  /** Resolves when there is room for more to send, or the connection is over. */
  writable(): Promise<void> {
    if (!this.#full || !this.#socket.writable) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Reads no more, sends what is unsent, then closes. */
  finish(): void {
    this.#reader.stop();
    this.#socket.destroySoon();
  }

  /** Closes at once; what is unsent is lost. */
  destroy(): void {
    this.#reader.stop();
    this.#socket.destroy();
  }

  get #full(): boolean {
    return this.#socket.writableLength > UNSENT_SOFT_MAX;
  }

  #proceed(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.#socket.uncork();
    });
  }
}
