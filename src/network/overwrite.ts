import { closeSync, constants, ftruncateSync, openSync, writeSync } from 'node:fs';

/** Writes into the file that is there: another one of the same name would not be the one that is mounted. */
export function overwrite(path: string, text: string): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o644);
  try {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.byteLength;) {
      done += writeSync(file, bytes, done, bytes.byteLength - done, done);
    }
    // After it: who reads meanwhile sees some lines twice rather than none.
    ftruncateSync(file, bytes.byteLength);
  } finally {
    closeSync(file);
  }
}
