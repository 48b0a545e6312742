import { watch, type FSWatcher } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';

const chunkSize = 64 * 1024;
const newline = 0x0a;

/**
 * Where the last lines of a file begin.
 *
 * @returns the offset; undefined when there is no file
 */
export async function lastLines(path: string, lines: number): Promise<number | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (lines === Infinity) return 0;
    return lines === 0 ? size : await beginningOf(file, size, lines);
  } finally {
    await file.close();
  }
}

/** Reads backwards until there are enough ends of lines; one at the very end of the file begins no line. */
async function beginningOf(file: FileHandle, size: number, lines: number): Promise<number> {
  const buffer = Buffer.alloc(chunkSize);
  let left = lines;
  for (let end = size; end > 0;) {
    const begin = Math.max(0, end - chunkSize);
    const { bytesRead } = await file.read(buffer, 0, end - begin, begin);
    for (let at = bytesRead - 1; at >= 0; at -= 1) {
      if (buffer[at] !== newline || begin + at === size - 1) continue;
      left -= 1;
      if (left === 0) return begin + at + 1;
    }
    end = begin;
  }
  return 0;
}

/** Writes a file from an offset to its end, and then what is added to it until `ended` resolves. */
export async function followLog(
  path: string,
  from: number,
  to: Writable,
  ended: Promise<unknown>,
): Promise<void> {
  const news = new News();
  const outcome = { over: false, error: undefined as unknown };
  void ended
    .catch((error: unknown) => {
      outcome.error = error;
    })
    .finally(() => {
      outcome.over = true;
      news.tell();
    });
  const file = await open(path, 'r');
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(path, news.tell);
    const buffer = Buffer.alloc(chunkSize);
    for (let offset = from; ;) {
      // Looked at before the file: what was written before the end is read after it.
      const last = outcome.over;
      news.forget();
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, chunkSize, offset);
        if (bytesRead === 0) break;
        offset += bytesRead;
        await write(to, Buffer.from(buffer.subarray(0, bytesRead)));
      }
      if (last) break;
      await news.next();
    }
    if (outcome.error !== undefined) throw outcome.error as Error;
  } finally {
    watcher?.close();
    await file.close();
  }
}

/** That something may have changed, told at any time and waited for at another. */
class News {
  private there = false;
  private wake: () => void = () => undefined;

  readonly tell = (): void => {
    this.there = true;
    this.wake();
  };

  forget(): void {
    this.there = false;
  }

  async next(): Promise<void> {
    if (this.there) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }
}

const write = (to: Writable, bytes: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    to.write(bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
