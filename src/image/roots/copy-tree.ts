import { lstatSync, readdirSync, type BigIntStats } from 'node:fs';
import type { FileCalls } from '../../kernel/files.js';
import { fromText, nativePath, pathBytes } from '../layers/bytes.js';
import { copyEntry, copyMetadata, finishEntry } from './copy-entry.js';

/**
 * Copies all in a directory into another, that is there and empty, with everything that a tar can tell of it; what had several names
 * has them again. The directory itself gets the owner, the mode and the time of the other.
 *
 * @param share whether files become further names of the same ones: for trees that nobody changes
 */
export function copyTree(files: FileCalls, from: string, to: string, share: boolean): void {
  const linked = new Map<string, string>();
  // Set when all is there: they may forbid what is still to be done.
  const flagged: (readonly [path: string, flags: string])[] = [];

  const visit = (source: string, target: string, stats: BigIntStats): void => {
    for (const name of readdirSync(nativePath(source), { encoding: 'latin1' as 'utf8' })) {
      const [below, made] = [`${source}/${name}`, `${target}/${name}`];
      const found = lstatSync(nativePath(below), { bigint: true });
      if (!copyLink(below, made, found)) {
        copyEntry(files, below, made, found);
        noteFlags(below, made, found);
        if (found.isDirectory()) visit(below, made, found);
        else finishEntry(files, made, found);
      }
    }
    finishEntry(files, target, stats);
  };

  const copyLink = (source: string, target: string, stats: BigIntStats): boolean => {
    if (stats.isDirectory()) return false;
    // What has flags would share them, and some forbid further names.
    if (share && !stats.isSocket() && files.flags(pathBytes(source)) === '') {
      files.link(pathBytes(source), pathBytes(target));
      return true;
    }
    if (stats.nlink < 2n) return false;
    const key = `${stats.dev}:${stats.ino}`;
    const first = linked.get(key);
    if (first === undefined) linked.set(key, target);
    else files.link(pathBytes(first), pathBytes(target));
    return first !== undefined;
  };

  const noteFlags = (source: string, target: string, stats: BigIntStats): void => {
    const flags = stats.isSocket() ? '' : files.flags(pathBytes(source));
    if (flags !== '') flagged.push([target, flags]);
  };

  const [source, target] = [fromText(from), fromText(to)];
  const stats = lstatSync(nativePath(source), { bigint: true });
  copyMetadata(files, source, target, stats);
  visit(source, target, stats);
  noteFlags(source, target, stats);
  for (const [path, flags] of flagged.reverse()) files.setFlags(pathBytes(path), flags);
}
