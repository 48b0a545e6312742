import { stat } from 'node:fs/promises';
import type { Descriptor, Descriptors } from './descriptor.js';
import { type FifoCalls, type FifoUser, openOutputFifo } from './fifo.js';
import { openForAppend, openLogFile } from './file.js';
import { invalid, quote, reason } from './quote.js';
import type { Destination } from './uri.js';

/** Where output goes, opened; its read handle, when it is a FIFO, is among the descriptors `owned` by the caller. */
export interface Output {
  readonly kind: 'fifo' | 'file';
  readonly writer: Descriptor;
}

/** Opens a path or log file for output by `user`. */
export async function openOutput(
  destination: Extract<Destination, { kind: 'path' | 'file' }>,
  user: FifoUser,
  calls: FifoCalls,
  owned: Descriptors,
): Promise<Output> {
  const { kind, path } = destination;
  if (kind === 'file') return { kind: 'file', writer: owned.own(await openLogFile(path)) };
  switch (await typeOf(path)) {
    case 'fifo':
      return { kind: 'fifo', writer: (await openOutputFifo(path, user, calls, owned)).writer };
    case 'file':
      return { kind: 'file', writer: owned.own(await openForAppend(path)) };
    default:
      throw invalid(`${quote(path)} is neither a FIFO nor a regular file`);
  }
}

/** Looked at before it is opened, as opening a device may do something. */
async function typeOf(path: string): Promise<'fifo' | 'file' | 'other'> {
  try {
    const found = await stat(path);
    if (found.isFIFO()) return 'fifo';
    return found.isFile() ? 'file' : 'other';
  } catch (error) {
    throw new Error(`${quote(path)}: ${reason(error)}`, { cause: error });
  }
}
