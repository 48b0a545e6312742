import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { ImageError } from '../../error.js';
import { nativePath, shownName } from '../bytes.js';
import type { Entry } from '../tar/entry.js';
import { encodeEntry, padding, tarEnd } from '../tar/writer.js';

/** Something that changed. */
export interface Change {
  readonly entry: Entry;
  /** where a file's bytes are; absolute, bytes */
  readonly path?: string;
}

/** Bytes that are sent at once; small entries are put together up to it. */
const chunkSize = 256 * 1024;

/** The tar of these changes, or undefined if there are none. */
export function tarOf(changes: Iterable<Change>): Readable | undefined {
  const iterator = changes[Symbol.iterator]();
  const first = iterator.next();
  if (first.done === true) return undefined;
  return Readable.from(write(first.value, iterator), { objectMode: false, highWaterMark: 2 * chunkSize });
}

async function* write(first: Change, rest: Iterator<Change>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let size = 0;
  for (let change: Change | undefined = first; change !== undefined; change = next(rest)) {
    const header = encodeEntry(change.entry);
    parts.push(header);
    size += header.byteLength;
    if (change.path !== undefined && change.entry.size > 0) {
      for await (const data of contentOf(change.path, change.entry.size)) {
        parts.push(data);
        size += data.byteLength;
        if (size >= chunkSize) {
          yield Buffer.concat(parts);
          [parts, size] = [[], 0];
        }
      }
      parts.push(padding(change.entry.size));
    }
    if (size >= chunkSize) {
      yield Buffer.concat(parts);
      [parts, size] = [[], 0];
    }
  }
  yield Buffer.concat([...parts, tarEnd]);
}

function next(iterator: Iterator<Change>): Change | undefined {
  const result = iterator.next();
  return result.done === true ? undefined : result.value;
}

async function* contentOf(path: string, size: number): AsyncGenerator<Buffer> {
  const file = await open(nativePath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    let left = size;
    while (left > 0) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(left, chunkSize)));
      if (bytesRead === 0)
        throw new ImageError('failed', `${shownName(path)} became shorter while it was read`);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
