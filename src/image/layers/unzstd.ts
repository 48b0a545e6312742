import { Transform } from 'node:stream';
import { Decompress } from 'fzstd';

/** More than this is refused, as zstd(1) does: it is how much memory decompressing takes. Bytes. */
const mostWindow = 128 * 1024 * 1024;

/** Decompresses zstd in JavaScript, for versions of Node that cannot. Errors have a code that begins with ZSTD_. */
export function unzstd(): Transform {
  let begin: Buffer | undefined = Buffer.alloc(0);
  const pushed: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => pushed.push(chunk));
  const step = (transform: Transform, chunk: Buffer, final: boolean, done: (error?: Error) => void): void => {
    try {
      decoder.push(chunk, final);
      for (const piece of pushed.splice(0))
        if (piece.byteLength > 0)
          transform.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
      done();
    } catch (error) {
      done(damage(error instanceof Error ? error.message : 'zstd'));
    }
  };
  return new Transform({
    readableHighWaterMark: 2 * 1024 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      if (begin !== undefined) {
        begin = Buffer.concat([begin, chunk]);
        if (begin.byteLength < headerSize) {
          done();
          return;
        }
        if (windowOf(begin) > mostWindow) {
          done(damage('its window takes too much memory'));
          return;
        }
        chunk = begin;
        begin = undefined;
      }
      step(this, chunk, false, done);
    },
    flush(done) {
      step(this, begin ?? Buffer.alloc(0), true, done);
    },
  });
}

const headerSize = 18;

/** What the header of the first frame asks for (RFC 8878, 3.1.1.1.2); 0 if it asks for none. */
function windowOf(header: Buffer): number {
  const descriptor = header[4] ?? 0;
  if (header.readUInt32LE(0) !== 0xfd2fb528 || (descriptor & 0x20) !== 0) return 0;
  const window = header[5] ?? 0;
  const base = 2 ** (10 + (window >> 3));
  return base + (base / 8) * (window & 7);
}

const damage = (why: string): Error => Object.assign(new Error(why), { code: 'ZSTD_error' });
