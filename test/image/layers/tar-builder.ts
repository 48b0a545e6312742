import { encodePax, type PaxRecord } from '../../../src/image/layers/tar/pax.js';

/** An entry as a test wants it; what is not said is usual. Names are bytes, one character each. */
export interface Made {
  readonly name: string;
  /** a tar's type character; '0' by default */
  readonly type?: string;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly major?: number;
  readonly minor?: number;
  readonly body?: Buffer | string;
  /** what the header says of it, if that is not the truth */
  readonly size?: number;
  readonly pax?: Readonly<Record<string, string | Buffer>>;
  readonly gnu?: boolean;
  /** bytes written over the header before its sum is made, by offset */
  readonly patch?: readonly (readonly [offset: number, text: string])[];
}

/** A whole tar. */
export const tarOf = (...entries: readonly (Made | Buffer)[]): Buffer =>
  Buffer.concat([...entries.map((one) => (Buffer.isBuffer(one) ? one : madeEntry(one))), Buffer.alloc(1024)]);

export function madeEntry(made: Made): Buffer {
  const given = made.body ?? '';
  const body = typeof given === 'string' ? Buffer.from(given, 'latin1') : given;
  const before = made.pax === undefined ? [] : [paxEntry(made.pax)];
  return Buffer.concat([...before, header(made, body.byteLength), padded(body)]);
}

export function paxEntry(pax: Readonly<Record<string, string | Buffer>>, type = 'x'): Buffer {
  const records: PaxRecord[] = Object.entries(pax).map(([key, value]) => ({
    key,
    value: Buffer.isBuffer(value) ? value : Buffer.from(value, 'latin1'),
  }));
  return madeEntry({ name: 'pax', type, body: encodePax(records) });
}

export const padded = (body: Buffer): Buffer =>
  Buffer.concat([body, Buffer.alloc((512 - (body.byteLength % 512)) % 512)]);

function header(made: Made, length: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, offset: number, width: number): void => {
    block.write(value.toString(8).padStart(width - 1, '0'), offset, width - 1, 'latin1');
  };
  block.write(made.name, 0, 100, 'latin1');
  octal(made.mode ?? 0o644, 100, 8);
  octal(made.uid ?? 0, 108, 8);
  octal(made.gid ?? 0, 116, 8);
  octal(made.size ?? length, 124, 12);
  octal(made.mtime ?? 1_600_000_000, 136, 12);
  block.write(made.type ?? '0', 156, 1, 'latin1');
  block.write(made.link ?? '', 157, 100, 'latin1');
  block.write(made.gnu === true ? 'ustar  \0' : 'ustar\x0000', 257, 8, 'latin1');
  octal(made.major ?? 0, 329, 8);
  octal(made.minor ?? 0, 337, 8);
  for (const [offset, text] of made.patch ?? []) block.write(text, offset, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return block;
}
