import { constants, fstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectories } from '../../runtime/directories.js';
import { type Descriptor, openDescriptor } from './descriptor.js';
import { invalid, quote, reason } from './quote.js';

// O_NONBLOCK means nothing to a regular file; it is for the FIFO or device that may lie at the path instead, which must
// not hold up the open before it is found out. O_NOCTTY likewise.
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Opens an existing regular file to append to. The kernel keeps appends of several writers whole (open(2), O_APPEND). */
export async function openForAppend(path: string): Promise<Descriptor> {
  return openRegular(path, APPEND);
}

/** Opens the log file of a `file://` URI: mode 0644, made when missing, with its directories (0755). */
export async function openLogFile(path: string): Promise<Descriptor> {
  const directory = dirname(path);
  try {
    await makeDirectories(directory, 0o755);
  } catch (error) {
    throw new Error(`log directory ${quote(directory)}: ${reason(error)}`, { cause: error });
  }
  return openRegular(path, APPEND | constants.O_CREAT);
}

async function openRegular(path: string, flags: number): Promise<Descriptor> {
  let descriptor: Descriptor;
  try {
    descriptor = await openDescriptor(path, flags, 0o644);
  } catch (error) {
    throw new Error(`file ${quote(path)}: ${reason(error)}`, { cause: error });
  }
  try {
    if (!fstatSync(descriptor.fd).isFile()) throw invalid(`${quote(path)} is not a regular file`);
  } catch (error) {
    descriptor.close();
    throw error;
  }
  return descriptor;
}
