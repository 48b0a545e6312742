import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
  type BigIntStats,
} from 'node:fs';
import type { FileCalls } from '../../kernel/files.js';
import { nativePath, pathBytes } from '../layers/bytes.js';
import { attributesOf } from '../layers/diff/describe-file.js';
import { timeOf } from '../layers/tree.js';

/**
 * Makes of what lies at `from` the same at `to`, a directory without what is in it: type, content, owner, mode, extended
 * attributes. Paths are bytes, one character each. Content is shared where the file system can share it (copy-on-write).
 * The time is set by `finishEntry`, since what is done in a directory changes it.
 */
export function copyEntry(files: FileCalls, from: string, to: string, stats: BigIntStats): void {
  const [source, target] = [nativePath(from), nativePath(to)];
  if (stats.isDirectory()) mkdirSync(target, { mode: 0o700 });
  else if (stats.isFile()) copyFileSync(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  else if (stats.isSymbolicLink()) symlinkSync(readlinkSync(source, { encoding: 'buffer' }), target);
  else if (stats.isFIFO()) files.makeFifo(pathBytes(to));
  else if (stats.isSocket())
    return; // nobody listens on a copy
  else {
    const { major, minor } = files.deviceOf(stats.rdev);
    files.makeDevice(pathBytes(to), stats.isBlockDevice() ? 'block' : 'character', major, minor);
  }
  copyMetadata(files, from, to, stats);
}

/** Owner, mode and extended attributes. */
export function copyMetadata(files: FileCalls, from: string, to: string, stats: BigIntStats): void {
  const target = nativePath(to);
  lchownSync(target, Number(stats.uid), Number(stats.gid));
  if (!stats.isSymbolicLink()) chmodSync(target, Number(stats.mode & 0o7777n));
  for (const [name, value] of attributesOf(files, from)) files.setAttribute(pathBytes(to), name, value);
}

/** Sets the time, which comes last but for flags. */
export function finishEntry(files: FileCalls, to: string, stats: BigIntStats): void {
  if (stats.isSocket()) return;
  files.setTime(pathBytes(to), timeOf(stats));
}
