import { ImageError } from '../../error.js';
import { within, type Limits } from '../limits.js';
import type { Entry, EntryType, Time } from './entry.js';
import { number, type Header } from './header.js';
import { paxNumber, paxTime, type PaxRecord } from './pax.js';
import { pairedExtents, type Extent } from './sparse.js';

/** What headers before an entry's own said of it. */
export interface Said {
  /** of GNU's type `L` */
  readonly name?: string;
  /** of GNU's type `K` */
  readonly target?: string;
  readonly records?: readonly PaxRecord[];
}

/** An entry, and how its bytes are stored. */
export interface Described {
  readonly entry: Entry;
  /** bytes that follow the header in the tar */
  readonly stored: number;
  /** of a sparse file: the map, or where it is: in the header, or before the bytes */
  readonly sparse?: readonly Extent[] | 'header' | 'data';
}

const types: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
};

/** What of extended headers is kept until all of them are read. */
interface Draft {
  name: string;
  target: string;
  uid: number;
  gid: number;
  size: number;
  mtime: Time;
  flags: string;
  readonly attributes: Map<string, Buffer>;
  readonly sparse: Map<string, string>;
  /** of format 0.0, whose keys repeat */
  readonly pairs: string[];
}

/** Puts a header and what was said before it together. @throws ImageError invalid, unsupported, exhausted */
export function describe(header: Header, said: Said, limits: Limits): Described {
  const draft: Draft = {
    name: header.name,
    target: header.link,
    uid: header.uid,
    gid: header.gid,
    size: header.size,
    mtime: { seconds: header.mtime, nanoseconds: 0 },
    flags: '',
    attributes: new Map(),
    sparse: new Map(),
    pairs: [],
  };
  for (const record of said.records ?? []) apply(draft, record);
  if (said.name !== undefined) draft.name = said.name;
  if (said.target !== undefined) draft.target = said.target;
  const type = typeOf(header, draft.name);
  const sparse = type === 'file' ? sparseOf(header, draft) : undefined;
  const stored = type === 'file' ? draft.size : 0;
  const entry = entryOf(type, header, draft, sparse === undefined ? stored : realSize(header, draft));
  within(limits.name, Math.max(entry.name.length, entry.target.length), 'a name that is too long');
  within(limits.bytes, entry.size, `a file of ${entry.size} bytes`);
  return { entry, stored, ...(sparse !== undefined && { sparse }) };
}

function entryOf(type: EntryType, header: Header, draft: Draft, size: number): Entry {
  for (const text of [draft.name, draft.target]) {
    if (text.includes('\0')) throw new ImageError('invalid', 'tar: a name holds a NUL');
  }
  const { uid, gid, mtime, flags, attributes } = draft;
  for (const id of [uid, gid]) {
    if (id < 0 || id > 0xffff_fffe) throw new ImageError('invalid', `tar: ${id} is no user or group`);
  }
  const isDevice = type === 'character' || type === 'block';
  return {
    type,
    name: draft.name,
    target: type === 'link' || type === 'symlink' ? draft.target : '',
    mode: header.mode & 0o7777,
    uid,
    gid,
    size,
    mtime,
    major: isDevice ? header.major : 0,
    minor: isDevice ? header.minor : 0,
    attributes,
    flags,
  };
}

function typeOf(header: Header, name: string): EntryType {
  // Before ustar, the name alone told a directory.
  if (header.block[156] === 0 && name.endsWith('/')) return 'directory';
  const type = types[header.type];
  if (type !== undefined) return type;
  throw new ImageError('unsupported', `tar: an entry of type ${JSON.stringify(header.type)}`);
}

const attributePrefix = 'SCHILY.xattr.';
const encodedPrefix = 'LIBARCHIVE.xattr.';

function apply(draft: Draft, record: PaxRecord): void {
  const { key, value } = record;
  if (key.startsWith(attributePrefix)) {
    draft.attributes.set(attributeName(key.slice(attributePrefix.length)), value);
    return;
  }
  if (key.startsWith(encodedPrefix)) {
    const name = attributeName(decodeName(key.slice(encodedPrefix.length)));
    // Whoever writes both means the same.
    if (!draft.attributes.has(name))
      draft.attributes.set(name, Buffer.from(value.toString('latin1'), 'base64'));
    return;
  }
  // A record without a value takes back what an earlier one said.
  if (value.byteLength === 0) return;
  if (key === 'path') draft.name = value.toString('latin1');
  else if (key === 'linkpath') draft.target = value.toString('latin1');
  else if (key === 'uid') draft.uid = paxNumber(record);
  else if (key === 'gid') draft.gid = paxNumber(record);
  else if (key === 'size') draft.size = paxNumber(record);
  else if (key === 'mtime') draft.mtime = paxTime(record);
  else if (key === 'SCHILY.fflags') draft.flags = value.toString('latin1');
  else if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes')
    draft.pairs.push(value.toString('latin1'));
  else if (key.startsWith('GNU.sparse.')) draft.sparse.set(key.slice(11), value.toString('latin1'));
}

function attributeName(name: string): string {
  if (name === '' || name.includes('\0') || name.length > 255) {
    throw new ImageError(
      'invalid',
      'tar: the name of an extended attribute is empty, too long or holds a NUL',
    );
  }
  return name;
}

/** libarchive's names are percent-encoded. */
const decodeName = (name: string): string =>
  name.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

function sparseOf(header: Header, draft: Draft): Described['sparse'] {
  if (header.type === 'S') return 'header';
  const { sparse, pairs } = draft;
  const [major, minor] = [sparse.get('major'), sparse.get('minor')];
  const name = sparse.get('name');
  if (major !== undefined && major !== '0') {
    if (major !== '1' || minor !== '0')
      throw new ImageError('unsupported', 'tar: an unknown kind of sparse file');
    if (name !== undefined) draft.name = name;
    return 'data';
  }
  const map = sparse.get('map');
  if (map !== undefined) {
    if (name !== undefined) draft.name = name;
    return pairedExtents(map.split(','));
  }
  return pairs.length > 0 ? pairedExtents(pairs) : undefined;
}

function realSize(header: Header, { sparse }: Draft): number {
  if (header.type === 'S') return number(header.block, 483, 12, 'real size');
  const text = sparse.get('realsize') ?? sparse.get('size') ?? '';
  if (!/^\d{1,15}$/.test(text)) throw new ImageError('invalid', 'tar: a sparse file does not say its size');
  return Number(text);
}
