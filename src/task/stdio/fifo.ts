import { constants, fstatSync } from 'node:fs';
import { type Descriptor, type Descriptors, openDescriptor } from './descriptor.js';
import { invalid, quote, reason } from './quote.js';

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

// Symbolic links are followed: the path comes from containerd, whose clients are as mighty as root, so O_NOFOLLOW would
// guard no border, and only refuse a directory or a log that its owner keeps elsewhere.

/**
 * `process`: our end goes to a program, which expects blocking descriptors. `copier`: the shim reads or writes it itself.
 * The flag belongs to the open file description, so an end for a program must be one of its own.
 */
export type FifoUser = 'process' | 'copier';

/** The shim's side of a FIFO that a client reads. */
export interface OutputFifo {
  /** For the bytes. The client sees end of file when the last copy of it is closed. */
  readonly writer: Descriptor;
  /**
   * A read handle that nobody reads. While it is open a writer gets no SIGPIPE when the client goes away, and what the
   * client has not read stays for the next one. It does not keep the client from its end of file.
   */
  readonly keeper: Descriptor;
}

/** What the host's libc does for FIFOs and Node does not. */
export interface FifoCalls {
  /** Clears O_NONBLOCK of an open file description (fcntl(2)). */
  makeBlocking(fd: number): void;
  /** True if there was a writer since the FIFO was opened for reading, and there is none now (poll(2), POLLHUP). */
  hungUp(fd: number): boolean;
}

/** The input of a process, straight from a FIFO. */
export interface ProcessInput {
  /** for the process; stays open until keep() */
  readonly reader: Descriptor;
  /**
   * To be called when Create or Start is about to be answered: from now on the input lasts until CloseIO, whichever
   * clients come and go. A client that has written all and gone before it was told of its process could send no CloseIO:
   * its end of file stands.
   */
  keep(): Promise<void>;
  /** CloseIO. */
  end(): void;
}

/** Opens a FIFO as the input of a process, never waiting for a writer; `owned` gets the descriptors. */
export async function openProcessInput(
  path: string,
  calls: FifoCalls,
  owned: Descriptors,
): Promise<ProcessInput> {
  const reader = owned.own(await openFifo(path, O_RDONLY | O_NONBLOCK));
  calls.makeBlocking(reader.fd);
  let keeper: Descriptor | undefined;
  let ended = false;
  const hasEnded = (): boolean => ended;
  return {
    reader,
    keep: async () => {
      if (!hasEnded() && !calls.hungUp(reader.fd)) {
        keeper = owned.own(await openFifo(path, O_WRONLY | O_NONBLOCK, reader));
        if (hasEnded()) keeper.close();
      }
      reader.close();
    },
    end: () => {
      ended = true;
      keeper?.close();
    },
  };
}

/** The shim's side of a FIFO that a client writes to a terminal. */
export interface InputFifo {
  readonly reader: Descriptor;
  /** A write handle that nobody writes. While it is open a client may go away without ending the input. */
  readonly keeper: Descriptor;
}

/** Opens a FIFO for writing, never waiting for a reader; `owned` gets both descriptors. */
export async function openOutputFifo(
  path: string,
  user: FifoUser,
  calls: FifoCalls,
  owned: Descriptors,
): Promise<OutputFifo> {
  const keeper = owned.own(await openFifo(path, O_RDONLY | O_NONBLOCK));
  const writer = owned.own(await openFifo(path, O_WRONLY | O_NONBLOCK, keeper));
  if (user === 'process') calls.makeBlocking(writer.fd);
  return { writer, keeper };
}

/** Opens a FIFO for the shim to read, never waiting for a writer; `owned` gets both descriptors. */
export async function openInputFifo(path: string, owned: Descriptors): Promise<InputFifo> {
  const reader = owned.own(await openFifo(path, O_RDONLY | O_NONBLOCK));
  const keeper = owned.own(await openFifo(path, O_WRONLY | O_NONBLOCK, reader));
  return { reader, keeper };
}

/**
 * Opens one end, always with O_NONBLOCK: a blocking open would hold one of libuv's few threads for ever when the path was
 * replaced by a FIFO that nobody has open. `same` is the other end; that they are one FIFO tells of the same thing.
 */
async function openFifo(path: string, flags: number, same?: Descriptor): Promise<Descriptor> {
  let descriptor: Descriptor;
  try {
    descriptor = await openDescriptor(path, flags);
  } catch (error) {
    throw new Error(`FIFO ${quote(path)}: ${reason(error)}`, { cause: error });
  }
  try {
    const found = fstatSync(descriptor.fd);
    if (!found.isFIFO()) throw invalid(`${quote(path)} is not a FIFO`);
    if (same !== undefined) {
      const expected = fstatSync(same.fd);
      if (found.dev !== expected.dev || found.ino !== expected.ino) {
        throw new Error(`FIFO ${quote(path)} was replaced while it was opened`);
      }
    }
  } catch (error) {
    descriptor.close();
    throw error;
  }
  return descriptor;
}
