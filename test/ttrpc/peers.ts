import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer as createListener, type Server as Listener, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { decodeRequest, decodeResponse } from '../../src/ttrpc/envelope.js';
import { FrameReader, HEADER_LENGTH, writeHeader } from '../../src/ttrpc/frame.js';
import type { Codec } from '../../src/ttrpc/service.js';

export const text: Codec<string> = {
  encode: (value) => Buffer.from(value),
  decode: (bytes) => Buffer.from(bytes).toString(),
};

export const bytes: Codec<Uint8Array> = { encode: (value) => value, decode: (value) => value };

/** A frame as it travels. */
export interface Frame {
  readonly streamId: number;
  readonly type: number;
  readonly flags: number;
  readonly data: Buffer;
}

export function encodeFrame(streamId: number, type: number, flags: number, data: Uint8Array): Buffer {
  const buffer = Buffer.alloc(HEADER_LENGTH + data.length);
  writeHeader(buffer, data.length, streamId, type, flags);
  buffer.set(data, HEADER_LENGTH);
  return buffer;
}

/** A path for a Unix socket, in a folder that is removed when the test ends. */
export function socketPath(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ttrpc-test-'));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return join(folder, 's');
}

/** A listener on a Unix socket of its own, which is closed when the test ends. */
export async function listen(context: TestContext): Promise<{ listener: Listener; path: string }> {
  const path = socketPath(context);
  const listener = createListener();
  listener.listen(path);
  await once(listener, 'listening');
  context.after(() => listener.close());
  return { listener, path };
}

/** The two ends of a connection; both are destroyed when the test ends. */
export async function socketPair(context: TestContext): Promise<[client: Socket, server: Socket]> {
  const { listener, path } = await listen(context);
  const client = connect(path);
  const [server] = (await once(listener, 'connection')) as [Socket];
  listener.close();
  context.after(() => {
    client.destroy();
    server.destroy();
  });
  return [client, server];
}

/** A peer that speaks frames, right or wrong, and shows what it is sent. */
export class RawPeer {
  readonly socket: Socket;
  readonly #frames: Frame[] = [];
  #arrived: (() => void) | undefined;
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const reader = new FrameReader({
      frame: (streamId, type, flags, data) => {
        this.#frames.push({ streamId, type, flags, data });
      },
      oversized: (streamId, length) => {
        throw new Error(`oversized frame of ${length} bytes on stream ${streamId}`);
      },
    });
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      this.#arrived?.();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#ended = true;
      this.#arrived?.();
    });
  }

  send(streamId: number, type: number, flags: number, data: Uint8Array = Buffer.alloc(0)): void {
    this.socket.write(encodeFrame(streamId, type, flags, data));
  }

  /** The next frame; undefined at the end of the connection. */
  async next(): Promise<Frame | undefined> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined || this.#ended) return frame;
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  /** The next frame, read as a response: `code message` of an error, or `OK payload`. */
  async nextResponse(): Promise<{ streamId: number; code: number; text: string }> {
    const frame = await this.next();
    if (frame === undefined) throw new Error('the connection ended instead of a response');
    if (frame.type !== 2) throw new Error(`a frame of type ${frame.type} instead of a response`);
    const { error, payload } = decodeResponse(frame.data);
    return { streamId: frame.streamId, code: error?.code ?? 0, text: error?.message ?? payload.toString() };
  }

  /** The next frame, read as a request. */
  async nextRequest(): Promise<ReturnType<typeof decodeRequest> & { streamId: number; flags: number }> {
    const frame = await this.next();
    if (frame === undefined) throw new Error('the connection ended instead of a request');
    if (frame.type !== 1) throw new Error(`a frame of type ${frame.type} instead of a request`);
    return { ...decodeRequest(frame.data), streamId: frame.streamId, flags: frame.flags };
  }
}

/** All messages of a stream. */
export async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}
