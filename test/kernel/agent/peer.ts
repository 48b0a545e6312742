import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Socket } from 'node:net';
import { encodeFrame, FrameReader, frameTypes, type Frame } from '../../../src/kernel/agent/frame.js';

/** Waits for the first line that an agent in listening mode prints. */
export async function firstLine(child: ChildProcess): Promise<string> {
  const lines = createInterface({ input: child.stdout as Readable });
  const [line] = (await once(lines, 'line')) as [string];
  lines.close();
  return line;
}

/** An agent spoken to frame by frame, to say what a proper client never says. */
export class RawPeer {
  readonly child: ChildProcess;
  readonly stream: Socket;
  readonly #frames: AsyncIterator<Frame, undefined>;

  /** @param args with the connection, or the device, as descriptor 3 */
  constructor(path: string, args: readonly string[] = ['fd', '3']) {
    this.child = spawn(path, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
    this.stream = this.child.stdio[3] as Socket;
    this.#frames = frames(this.stream);
  }

  send(...bytes: Uint8Array[]): void {
    this.stream.write(Buffer.concat(bytes));
  }

  sendFrame(type: number, payload: Uint8Array = new Uint8Array(0)): void {
    this.send(...encodeFrame(type, payload));
  }

  /** The next frame, or undefined at the connection's end. */
  async next(): Promise<Frame | undefined> {
    const step: IteratorResult<Frame, undefined> = await this.#frames.next();
    return step.value;
  }

  /** The next frame as an error: its code, index and text. */
  async nextError(): Promise<[code: number, index: number, text: string]> {
    const frame = await this.next();
    if (frame?.type !== frameTypes.error)
      throw new Error(`frame of type ${frame?.type ?? 'none'}, not an error`);
    return [
      frame.payload.readUInt32LE(0),
      frame.payload.readUInt32LE(4),
      frame.payload.toString('latin1', 8),
    ];
  }

  close(): void {
    this.stream.destroy();
    this.child.kill('SIGKILL');
  }
}

async function* frames(stream: Readable): AsyncGenerator<Frame, undefined> {
  const reader = new FrameReader(false);
  for await (const chunk of stream) yield* reader.push(chunk as Buffer);
  return undefined;
}
