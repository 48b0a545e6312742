import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { FileCalls } from '../../../src/kernel/files.js';

/** All below a directory, one line each: what two trees must agree in to be the same. Times of directories are left out. */
export function listing(files: FileCalls, root: string): string[] {
  const groups = new Map<string, string>();
  const lines: string[] = [];
  const visit = (path: string): void => {
    for (const name of readdirSync(join(root, path)).sort()) {
      const below = join(path, name);
      const whole = join(root, below);
      const stats = lstatSync(whole, { bigint: true });
      const key = String(stats.ino);
      if (!stats.isDirectory() && !groups.has(key)) groups.set(key, below);
      const what = stats.isFile()
        ? createHash('sha256').update(readFileSync(whole)).digest('hex').slice(0, 12)
        : stats.isSymbolicLink()
          ? readlinkSync(whole)
          : stats.rdev;
      const attributes = [...files.attributes(Buffer.from(whole))]
        .filter(([attribute]) => !attribute.startsWith('trusted.overlay.'))
        .map(([attribute, value]) => `${attribute}=${value.toString('hex')}`)
        .sort();
      const time = stats.isDirectory() ? '' : stats.mtimeNs;
      const link = stats.isDirectory() ? '' : (groups.get(key) ?? '');
      lines.push(
        [below, stats.mode.toString(8), stats.uid, stats.gid, what, time, link, ...attributes].join(' '),
      );
      if (stats.isDirectory()) visit(below);
    }
  };
  visit('');
  return lines;
}
