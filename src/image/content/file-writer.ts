import type { FileHandle } from 'node:fs/promises';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError, isFull } from './failure.js';
import { syncDirectory } from './write-file.js';

/** A file that is written from a position on, and then either renamed to what it is to be or removed. */
export class FileWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  #offset: number;
  #open = true;

  /** @param file locked, and this object's from now on */
  constructor(file: FileHandle, path: string, offset: number) {
    this.#file = file;
    this.#path = path;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  /** @throws ImageError exhausted on a full disk: the file is removed then, to free what it took */
  async write(chunk: Uint8Array): Promise<void> {
    this.#requireOpen();
    try {
      for (let at = 0; at < chunk.length;) {
        const { bytesWritten } = await this.#file.write(chunk, at, chunk.length - at, this.#offset);
        at += bytesWritten;
        this.#offset += bytesWritten;
      }
    } catch (error) {
      if (isFull(error)) await this.remove();
      throw fileError(error, this.#path);
    }
  }

  async truncate(): Promise<void> {
    this.#requireOpen();
    await this.#file.truncate(0);
    this.#offset = 0;
  }

  /** Writes it to the disk, and gives it its name. */
  async renameTo(path: string): Promise<void> {
    this.#requireOpen();
    try {
      await this.#file.sync();
      await rename(this.#path, path);
      await syncDirectory(dirname(path));
    } catch (error) {
      if (isFull(error)) await this.remove();
      throw fileError(error, path);
    }
    await this.close();
  }

  /** Leaves the file as it is. Closing gives the lock back. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }

  async remove(): Promise<void> {
    if (!this.#open) return;
    try {
      await rm(this.#path, { force: true });
    } finally {
      await this.close();
    }
  }

  #requireOpen(): void {
    if (!this.#open) throw new Error(`${this.#path}: written to after its end`);
  }
}
