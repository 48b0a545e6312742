import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync, readdirSync } from 'node:fs';
import type { FileCalls } from '../../../src/kernel/files.js';

/**
 * All that a file system tells of the names in a tree, a line each: two trees are equal when these are. Names are bytes.
 *
 * @param without a path that is left out, with all below it
 */
export function listTree(files: FileCalls, root: string, without?: string): string[] {
  const lines: string[] = [];
  const firsts = new Map<bigint, string>();
  const visit = (path: string): void => {
    if (path === without) return;
    const bytes = Buffer.from(root + path, 'latin1');
    const stats = lstatSync(bytes, { bigint: true });
    const attributes = [...files.attributes(bytes)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${value.toString('hex')}`);
    const first = firsts.get(stats.ino) ?? path;
    firsts.set(stats.ino, first);
    lines.push(
      [
        path === '' ? '/' : path,
        stats.mode.toString(8),
        `${stats.uid}:${stats.gid}`,
        stats.isDirectory() ? '' : stats.size,
        stats.mtimeNs,
        stats.isCharacterDevice() || stats.isBlockDevice() ? stats.rdev : '',
        stats.isDirectory() ? '' : `=${first}`,
        stats.isSymbolicLink() ? readlinkSync(bytes, 'latin1') : '',
        stats.isFile() ? createHash('sha256').update(readFileSync(bytes)).digest('hex') : '',
        files.flags(bytes),
        ...attributes,
      ].join(' '),
    );
    if (!stats.isDirectory()) return;
    for (const name of readdirSync(bytes, { encoding: 'latin1' }).sort()) visit(`${path}/${name}`);
  };
  visit('');
  return lines;
}
