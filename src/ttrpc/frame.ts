import { MESSAGE_LENGTH_MAX } from './limits.js';

/**
 * A frame is a header of ten bytes (big-endian u32 data length, u32 stream id, u8 type, u8 flags) and its data.
 * https://github.com/containerd/ttrpc/blob/main/PROTOCOL.md
 */
export const HEADER_LENGTH = 10;

export const FrameType = { Request: 1, Response: 2, Data: 3 } as const;

/** RemoteClosed: the sender sends no more on this stream. RemoteOpen: it will. NoData: there is no message here. */
export const Flag = { RemoteClosed: 1, RemoteOpen: 2, NoData: 4 } as const;

/** What frames are delivered to, in the order of their arrival. */
export interface FrameReceiver {
  /** The data are lent: they are a view of a larger buffer if they arrived with other bytes. */
  frame(streamId: number, type: number, flags: number, data: Buffer): void;
  /** A frame longer than the limit came and was discarded. */
  oversized(streamId: number, length: number): void;
}

export function writeHeader(
  buffer: Buffer,
  length: number,
  streamId: number,
  type: number,
  flags: number,
): void {
  buffer.writeUInt32BE(length, 0);
  buffer.writeUInt32BE(streamId, 4);
  buffer[8] = type;
  buffer[9] = flags;
}

/**
 * Cuts a stream of bytes into frames. A frame that lies within one chunk is delivered as a view of it; one that
 * spans chunks is gathered in one buffer of its own size, so that no byte is copied twice, however it arrives.
 */
export class FrameReader {
  readonly #receiver: FrameReceiver;
  readonly #header = Buffer.alloc(HEADER_LENGTH);
  #headerFilled = 0;
  #streamId = 0;
  #type = 0;
  #flags = 0;
  #length = 0;
  #data: Buffer | undefined;
  #dataFilled = 0;
  #discard = 0;
  #stopped = false;

  constructor(receiver: FrameReceiver) {
    this.#receiver = receiver;
  }

  /** Delivers the frames that these bytes complete. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#stopped) {
      if (this.#discard > 0) {
        at = this.#discardFrom(chunk, at);
      } else if (this.#data !== undefined) {
        at = this.#fillData(this.#data, chunk, at);
      } else if (this.#headerFilled > 0 || chunk.length - at < HEADER_LENGTH) {
        at = this.#fillHeader(chunk, at);
      } else {
        this.#readHeader(chunk, at);
        at = this.#begin(chunk, at + HEADER_LENGTH);
      }
    }
  }

  /** Delivers nothing more, not even the rest of the chunk being cut. */
  stop(): void {
    this.#stopped = true;
    this.#data = undefined;
  }

  #fillHeader(chunk: Buffer, at: number): number {
    const copied = chunk.copy(this.#header, this.#headerFilled, at);
    this.#headerFilled += copied;
    if (this.#headerFilled < HEADER_LENGTH) return at + copied;
    this.#headerFilled = 0;
    this.#readHeader(this.#header, 0);
    return this.#begin(chunk, at + copied);
  }

  #readHeader(buffer: Buffer, at: number): void {
    this.#length = buffer.readUInt32BE(at);
    this.#streamId = buffer.readUInt32BE(at + 4);
    this.#type = buffer.readUInt8(at + 8);
    this.#flags = buffer.readUInt8(at + 9);
  }

  /** A header was read; its data begin at this place of the chunk. */
  #begin(chunk: Buffer, at: number): number {
    const length = this.#length;
    if (length > MESSAGE_LENGTH_MAX) {
      this.#discard = length;
      return at;
    }
    const end = at + length;
    if (end <= chunk.length) {
      this.#receiver.frame(this.#streamId, this.#type, this.#flags, chunk.subarray(at, end));
      return end;
    }
    // Not from the pool, and not zeroed: pages of it exist only once bytes have come to fill them.
    this.#data = Buffer.allocUnsafeSlow(length);
    this.#dataFilled = 0;
    return at;
  }

  #fillData(data: Buffer, chunk: Buffer, at: number): number {
    const copied = chunk.copy(data, this.#dataFilled, at);
    this.#dataFilled += copied;
    if (this.#dataFilled === data.length) {
      this.#data = undefined;
      this.#receiver.frame(this.#streamId, this.#type, this.#flags, data);
    }
    return at + copied;
  }

  #discardFrom(chunk: Buffer, at: number): number {
    const discarded = Math.min(this.#discard, chunk.length - at);
    this.#discard -= discarded;
    if (this.#discard === 0) this.#receiver.oversized(this.#streamId, this.#length);
    return at + discarded;
  }
}
