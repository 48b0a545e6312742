import { blockSize } from './header.js';
import type { Entry, Time } from './entry.js';
import { encodePax, type PaxRecord } from './pax.js';

/** Characters of ustar's types. */
const types = {
  file: '0',
  link: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
} as const;

/** The largest number of a field of eight bytes, and of twelve: octal digits and a NUL. */
const most8 = 0o7777777;
const most12 = 0o77777777777;

/** What follows the last entry. */
export const tarEnd = Buffer.alloc(2 * blockSize);

/** What follows a file's bytes, up to the next block. */
export const padding = (size: number): Buffer => Buffer.alloc((blockSize - (size % blockSize)) % blockSize);

/**
 * Writes what stands before an entry's bytes: a ustar header, and before it a pax extended header with what does not fit (POSIX.1-2024
 * pax). The same entry gives the same bytes: users have no names, and an extended header no time.
 */
export function encodeEntry(entry: Entry): Buffer {
  const records = recordsOf(entry);
  const header = encodeHeader(entry, types[entry.type]);
  if (records.length === 0) return header;
  const data = encodePax(records);
  const base = entry.name.slice(0, 60);
  const plain = { name: `PaxHeaders/${base}`, target: '', mode: 0o644, uid: 0, gid: 0, major: 0, minor: 0 };
  const mtime = { seconds: 0, nanoseconds: 0 };
  const extended = encodeHeader({ ...plain, size: data.byteLength, mtime }, 'x');
  return Buffer.concat([extended, data, padding(data.byteLength), header]);
}

function recordsOf(entry: Entry): PaxRecord[] {
  const records: PaxRecord[] = [];
  const add = (key: string, value: string): void => {
    records.push({ key, value: Buffer.from(value, 'latin1') });
  };
  const { seconds, nanoseconds } = entry.mtime;
  if (nanoseconds !== 0 || seconds < 0 || seconds > most12) add('mtime', timeText(entry.mtime));
  if (entry.name.length > 100) add('path', entry.name);
  if (entry.target.length > 100) add('linkpath', entry.target);
  if (entry.uid > most8) add('uid', String(entry.uid));
  if (entry.gid > most8) add('gid', String(entry.gid));
  if (entry.size > most12) add('size', String(entry.size));
  if (entry.flags !== '') add('SCHILY.fflags', entry.flags);
  for (const name of [...entry.attributes.keys()].sort()) {
    records.push({ key: `SCHILY.xattr.${name}`, value: entry.attributes.get(name) ?? Buffer.alloc(0) });
  }
  return records;
}

/** Seconds with nine decimals; before 1970 the fraction counts backwards. */
function timeText({ seconds, nanoseconds }: Time): string {
  if (nanoseconds === 0) return String(seconds);
  if (seconds >= 0) return `${seconds}.${String(nanoseconds).padStart(9, '0')}`;
  return `-${-seconds - 1}.${String(1_000_000_000 - nanoseconds).padStart(9, '0')}`;
}

type Fixed = Pick<Entry, 'name' | 'target' | 'mode' | 'uid' | 'gid' | 'size' | 'mtime' | 'major' | 'minor'>;

function encodeHeader(entry: Fixed, type: string): Buffer {
  const block = Buffer.alloc(blockSize);
  block.write(entry.name.slice(0, 100), 0, 'latin1');
  octal(block, 100, 8, entry.mode, most8);
  octal(block, 108, 8, entry.uid, most8);
  octal(block, 116, 8, entry.gid, most8);
  octal(block, 124, 12, type === '0' || type === 'x' ? entry.size : 0, most12);
  octal(block, 136, 12, entry.mtime.seconds, most12);
  block.write(type, 156, 'latin1');
  block.write(entry.target.slice(0, 100), 157, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  octal(block, 329, 8, entry.major, most8);
  octal(block, 337, 8, entry.minor, most8);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** What does not fit stands in the extended header, and here is nothing. */
function octal(block: Buffer, offset: number, length: number, value: number, most: number): void {
  const fits = value >= 0 && value <= most ? value : 0;
  block.write(fits.toString(8).padStart(length - 1, '0'), offset, 'latin1');
}
