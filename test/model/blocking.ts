import { fail } from './failure.js';
import type { OpenFile } from './open-file.js';

// O_NONBLOCK of sys/fcntl.h, the same on every release
const nonBlocking = 4;

/** A call that would wait for ever: nothing happens in the model while a call runs. */
export class WouldBlock extends Error {
  constructor(what: string) {
    super(`model: ${what} would wait for ever`);
    this.name = 'WouldBlock';
  }
}

/** Ends a call on a file that there is nothing to tell of yet. */
export function wouldBlock(file: OpenFile, what: string): never {
  if (isNonBlocking(file)) fail('EAGAIN');
  throw new WouldBlock(what);
}

export function isNonBlocking({ flags }: OpenFile): boolean {
  return (flags & nonBlocking) !== 0;
}
