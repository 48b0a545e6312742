import { closeSync, constants, openSync, readSync } from 'node:fs';
import { nativePath } from '../bytes.js';

const chunkSize = 256 * 1024;

/** Whether two files of the same size hold the same bytes. */
export function sameContent(one: string, other: string): boolean {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const first = openSync(nativePath(one), flags);
  try {
    const second = openSync(nativePath(other), flags);
    try {
      return sameBytes(first, second);
    } finally {
      closeSync(second);
    }
  } finally {
    closeSync(first);
  }
}

function sameBytes(first: number, second: number): boolean {
  const [left, right] = [Buffer.allocUnsafe(chunkSize), Buffer.allocUnsafe(chunkSize)];
  for (;;) {
    const length = readSync(first, left);
    if (fill(second, right, length) !== length) return false;
    if (left.compare(right, 0, length, 0, length) !== 0) return false;
    if (length === 0) return readSync(second, right) === 0;
  }
}

/** A read may give less than there is. */
function fill(fd: number, buffer: Buffer, length: number): number {
  let at = 0;
  while (at < length) {
    const bytes = readSync(fd, buffer, at, length - at, null);
    if (bytes === 0) break;
    at += bytes;
  }
  return at;
}
