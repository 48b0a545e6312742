import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { RuntimeError } from '../../runtime/error.js';

const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;

/**
 * Lets an init process that runc has created go on to its program: it waits in open(2) of the FIFO `exec.fifo` for a reader,
 * writes a byte, and closes it by execve(2). What `runc start` does is to read that.
 *
 * @param exited resolves when the init process is gone; never rejects
 * @returns true when the program runs, or has run; false when nothing was done, and whoever asks runc itself is told why
 * @throws RuntimeError when init closes the FIFO without a byte: it was killed at that moment
 */
export async function openExecFifo(path: string, exited: Promise<unknown>): Promise<boolean> {
  const fd = openFifo(path);
  if (fd === undefined) return false;
  const heard = await readAll(fd, exited);
  if (heard === 'nothing') return false;
  if (heard === 'end') {
    throw new RuntimeError('failed', 'OCI runtime start failed: init ended before it executed its program');
  }
  // While it is there, runc takes the container for one that was not started.
  rmSync(path, { force: true });
  return true;
}

function openFifo(path: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch {
    return undefined;
  }
  if (fstatSync(fd).isFIFO()) return fd;
  closeSync(fd);
  return undefined;
}

/** What came from the FIFO: bytes; its end only; or nothing until init was gone. Closes the descriptor. */
type Heard = 'bytes' | 'end' | 'nothing';

function readAll(fd: number, exited: Promise<unknown>): Promise<Heard> {
  return new Promise((resolve, reject) => {
    let heard: Heard = 'nothing';
    // Not kept for as long as the container lives.
    let reader: Socket | undefined = new Socket({ fd, readable: true, writable: false });
    reader.on('data', () => {
      heard = 'bytes';
    });
    reader.once('end', () => {
      if (heard === 'nothing') heard = 'end';
    });
    reader.once('error', reject);
    reader.once('close', () => {
      reader = undefined;
      resolve(heard);
    });
    exited
      .then(() => {
        if (reader === undefined || reader.destroyed) return;
        // What init wrote last may not have been read yet.
        if (hasBytes(fd)) heard = 'bytes';
        reader.destroy();
      })
      .catch(reject);
  });
}

function hasBytes(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1)) > 0;
  } catch (error) {
    // Nothing yet, and somebody has it open who is not init.
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
    throw error;
  }
}
