// protobufjs' writer and reader, made strict where they lose data in silence.
import { isUtf8 } from 'node:buffer';
import $protobuf from 'protobufjs/minimal.js';
import { toHalves, type Int64 } from './int64.js';

type Writable64 = Int64 | Parameters<$protobuf.Writer['uint64']>[0];

/** Takes bigints, which protobufjs would write as 0, and refuses numbers that it would wrap round. */
export class StrictWriter extends $protobuf.BufferWriter {
  override uint64(value: Writable64): $protobuf.Writer {
    return super.uint64(long(value, true));
  }

  override int64(value: Writable64): $protobuf.Writer {
    return super.int64(long(value, false));
  }
}

function long(value: Writable64, unsigned: boolean): Exclude<Writable64, bigint> {
  if (typeof value !== 'number' && typeof value !== 'bigint') return value;
  const { low, high } = toHalves(value, unsigned);
  return new $protobuf.util.Long(low, high, unsigned);
}

/** Refuses strings that end beyond the message, which protobufjs would cut short, and such as are not UTF-8. */
export class StrictReader extends $protobuf.BufferReader {
  declare buf: Buffer;

  constructor(bytes: Uint8Array) {
    super(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  override string(): string {
    const length = this.uint32();
    const start = this.pos;
    const end = start + length;
    if (end > this.len) throw new RangeError(`string of ${length} bytes at ${start} ends beyond ${this.len}`);
    if (!isUtf8(this.buf.subarray(start, end))) throw new TypeError(`string at ${start} is not UTF-8`);
    this.pos = end;
    return this.buf.toString('utf8', start, end);
  }
}
