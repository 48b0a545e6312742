import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { Arena } from '../kernel/arena.js';
import { isKernelError, throwIfStopped } from '../kernel/error.js';
import type { Call, LocalKernel } from '../kernel/kernel.js';
import { openLocalKernel } from '../kernel/local.js';

/** sys/file.h, of Linux and FreeBSD alike. */
const LOCK_EX = 2;
const LOCK_NB = 4;

let opened: LocalKernel | undefined;

/** The few calls of the host that Node does not make; loaded when first needed. */
function call(arena: Arena, object: string, one: Call): void {
  opened ??= openLocalKernel('koffi');
  const batch = arena.batch([one]);
  throwIfStopped(opened.platform, batch, opened.runSync(batch), object);
}

/** Makes a FIFO: mkfifo(2). @throws KernelError */
export function makeFifo(path: string, mode: number): void {
  const arena = new Arena();
  const name = arena.text(path, 'path');
  call(arena, path, { symbol: 'mkfifo', args: [{ arena: name }, mode] });
}

/** A file that is locked until it is released, or its process is gone: flock(2). */
export interface Lock {
  release(): void;
}

/**
 * Locks a file, which is made.
 *
 * @returns undefined if another has it locked
 * @throws Error naming the path
 */
export function tryLock(path: string): Lock | undefined {
  for (;;) {
    const fd = openSync(path, 'a', 0o600);
    try {
      call(new Arena(), path, { symbol: 'flock', args: [fd, LOCK_EX | LOCK_NB] });
      // Who had it locked may have removed it since it was opened: then another file has, or will have, the name.
      if (statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino) {
        return {
          release: () => {
            closeSync(fd);
          },
        };
      }
      closeSync(fd);
    } catch (error) {
      closeSync(fd);
      if (isKernelError(error, 'EAGAIN', 'EWOULDBLOCK')) return undefined;
      throw error;
    }
  }
}
