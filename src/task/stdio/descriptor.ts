import { closeSync, open } from 'node:fs';
import { promisify } from 'node:util';

/**
 * The one owner of a file descriptor. A number closed twice closes a stranger's file, and one never closed keeps a
 * client from its end of file; so every descriptor here has one Descriptor until it is closed or given away.
 */
export class Descriptor {
  #fd: number | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The number, for a call that does not keep it. Throws when it was closed or given away. */
  get fd(): number {
    if (this.#fd === undefined) throw new Error('descriptor used after it was closed or given away');
    return this.#fd;
  }

  /** Gives the number to a new owner. */
  take(): number {
    const fd = this.fd;
    this.#fd = undefined;
    return fd;
  }

  /** Closes it, unless that was done or it was given away. */
  close(): void {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    closeSync(fd);
  }
}

const openAsync = promisify(open);

/** open(2) in libuv's thread pool, close-on-exec: a slow file system never holds up the event loop. */
export async function openDescriptor(path: string, flags: number, mode?: number): Promise<Descriptor> {
  return new Descriptor(await openAsync(path, flags, mode));
}

/** Descriptors that are released together, unless an owner closes or takes one earlier. */
export class Descriptors {
  readonly #owned = new Set<Descriptor>();

  own(descriptor: Descriptor): Descriptor {
    this.#owned.add(descriptor);
    return descriptor;
  }

  /** Closes all of them. A failing close(2), as of a file on a full remote disk, is reported and does not stop the others. */
  close(report: (error: Error) => void): void {
    closeAll(this.#owned, report);
    this.#owned.clear();
  }
}

/** Closes each; failures are reported. The descriptor is gone even then (close(2)). */
export function closeAll(descriptors: Iterable<Descriptor>, report: (error: Error) => void): void {
  for (const descriptor of descriptors) {
    try {
      descriptor.close();
    } catch (error) {
      report(error as Error);
    }
  }
}
