import { crc32 } from 'node:zlib';

/** Types of frames, section 2 of native/agent-protocol.md. */
export const frameTypes = {
  open: 1,
  batch: 2,
  fork: 3,
  run: 4,
  hello: 129,
  answer: 130,
  forked: 131,
  ran: 132,
  error: 255,
} as const;

export interface Frame {
  readonly type: number;
  readonly payload: Buffer;
}

export const maxPayload = 65 * 2 ** 20;
const headerSize = 16;
const magic = Buffer.from('JAG1');

/** A stream that does not carry the agent's protocol. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** A frame as it goes over the connection. Throws a RangeError if the payload is too long. */
export function encodeFrame(type: number, payload: Uint8Array): Buffer[] {
  if (payload.byteLength > maxPayload) {
    throw new RangeError(`frame: ${payload.byteLength} bytes, at most ${maxPayload}`);
  }
  const header = Buffer.alloc(headerSize);
  magic.copy(header);
  header.writeUInt32LE(type, 4);
  header.writeUInt32LE(payload.byteLength, 8);
  header.writeUInt32LE(crc32(payload, crc32(header.subarray(4, 12))), 12);
  return [header, Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)];
}

/** Puts frames together from what a stream brings. */
export class FrameReader {
  readonly #noisy: boolean;
  #chunks: Buffer[] = [];
  #size = 0;

  /** @param noisy the stream is a device on which others may write between frames: what is no frame is passed over. */
  constructor(noisy: boolean) {
    this.#noisy = noisy;
  }

  /**
   * Takes a chunk, and gives the frames that it completes.
   *
   * @throws FrameError on bytes that are not of the protocol, unless the stream is noisy.
   */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
    const frames: Frame[] = [];
    for (;;) {
      const frame = this.#next();
      if (frame === undefined) return frames;
      frames.push(frame);
    }
  }

  #next(): Frame | undefined {
    for (;;) {
      if (this.#size < headerSize) return undefined;
      const header = this.#peek(headerSize);
      const length = header.readUInt32LE(8);
      if (!header.subarray(0, 4).equals(magic) || length > maxPayload) {
        this.#noise(header, 'no frame');
        continue;
      }
      if (this.#size < headerSize + length) return undefined;
      const whole = this.#peek(headerSize + length);
      const payload = whole.subarray(headerSize);
      if (crc32(payload, crc32(header.subarray(4, 12))) !== header.readUInt32LE(12)) {
        this.#noise(header, 'wrong checksum');
        continue;
      }
      this.#drop(headerSize + length);
      return { type: header.readUInt32LE(4), payload };
    }
  }

  // Drops what cannot begin a frame: up to the next byte that may.
  #noise(header: Buffer, what: string): void {
    if (!this.#noisy) throw new FrameError(`agent: ${what}: ${header.toString('hex')}`);
    const next = header.indexOf(magic.readUInt8(0), 1);
    this.#drop(next < 0 ? header.byteLength : next);
  }

  // The first bytes in one piece; the chunks are joined at most once for each frame.
  #peek(size: number): Buffer {
    const first = this.#chunks[0];
    if (first !== undefined && first.byteLength >= size) return first.subarray(0, size);
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined.subarray(0, size);
  }

  #drop(size: number): void {
    const rest = this.#peek(this.#size).subarray(size);
    this.#chunks = rest.byteLength === 0 ? [] : [rest];
    this.#size = rest.byteLength;
  }
}
