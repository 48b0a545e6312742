import { readlinkSync, type BigIntStats } from 'node:fs';
import type { FileCalls } from '../../../kernel/files.js';
import { ImageError } from '../../error.js';
import { nativePath, pathBytes, shownName } from '../bytes.js';
import { isOverlayNote } from '../overlay.js';
import type { Entry, EntryType, Time } from '../tar/entry.js';
import { timeOf } from '../tree.js';

/**
 * Describes what lies at a path as an entry of a tar.
 *
 * @param name in the tar, without a slash at its end
 * @param latest seconds since 1970: a later time becomes this one
 * @returns undefined for a socket, which no tar can hold
 */
export function describeFile(
  files: FileCalls,
  path: string,
  name: string,
  stats: BigIntStats,
  latest: number,
): Entry | undefined {
  const type = typeOf(stats);
  if (type === undefined) return undefined;
  const isDevice = type === 'character' || type === 'block';
  const { major, minor } = isDevice ? files.deviceOf(stats.rdev) : { major: 0, minor: 0 };
  return {
    type,
    name: type === 'directory' ? `${name}/` : name,
    target: type === 'symlink' ? readlinkSync(nativePath(path), { encoding: 'latin1' }) : '',
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: type === 'file' ? safe(stats.size, path) : 0,
    mtime: clamped(timeOf(stats), latest),
    major,
    minor,
    attributes: attributesOf(files, path),
    flags: files.flags(pathBytes(path)),
  };
}

/** Extended attributes that are content. */
export function attributesOf(files: FileCalls, path: string): ReadonlyMap<string, Buffer> {
  return new Map([...files.attributes(pathBytes(path))].filter(([name]) => !isOverlayNote(name)));
}

/** An empty file with a name that means something: a whiteout. */
export const marker = (name: string, latest: number): Entry => ({
  type: 'file',
  name,
  target: '',
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: clamped({ seconds: 0, nanoseconds: 0 }, latest),
  major: 0,
  minor: 0,
  attributes: new Map(),
  flags: '',
});

export const typeOf = (stats: BigIntStats): EntryType | undefined =>
  stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'symlink'
        : stats.isFIFO()
          ? 'fifo'
          : stats.isCharacterDevice()
            ? 'character'
            : stats.isBlockDevice()
              ? 'block'
              : undefined;

function clamped(time: Time, latest: number): Time {
  return time.seconds < latest ? time : { seconds: latest, nanoseconds: 0 };
}

function safe(size: bigint, path: string): number {
  if (size <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(size);
  throw new ImageError('unsupported', `${shownName(path)} has ${size} bytes`);
}
