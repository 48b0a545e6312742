import { RuntimeError } from '../../runtime/error.js';

// A process that a dead disk or file server holds in the kernel neither answers nor dies; whoever waits for it must not
// wait for ever.

/** Milliseconds, unless told otherwise. */
export const defaultPatience = 30_000;

/**
 * Waits for something, but not longer than so many milliseconds. It goes on by itself then, and how it ends is not told.
 *
 * @param what is said of it when it takes too long
 * @throws RuntimeError failed, then
 */
export async function within<T>(milliseconds: number, doing: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new RuntimeError('failed', `${what} after ${milliseconds / 1000} s`));
    }, milliseconds);
  });
  try {
    return await Promise.race([doing, tooLong]);
  } finally {
    clearTimeout(timer);
    // Should it fail later, nobody is there to be told.
    doing.catch(() => undefined);
  }
}
