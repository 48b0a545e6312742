import { lstatSync, type BigIntStats } from 'node:fs';
import type { Readable } from 'node:stream';
import type { FileCalls } from '../../../kernel/files.js';
import { ImageError } from '../../error.js';
import { fromText, nativePath, shownName } from '../bytes.js';
import { overlayNotes } from '../overlay.js';
import { namesIn } from '../remove.js';
import { describeFile, marker } from './describe-file.js';
import { HardLinks } from './hard-links.js';
import { tarOf, type Change } from './write.js';

/**
 * The layer of what lies in the upper directory of an overlay that is not mounted any more: its files, and image-spec's whiteouts in
 * place of overlayfs's own (layer.md, "Whiteouts"; overlayfs.rst). Names are sorted by their bytes.
 *
 * @param latest seconds since 1970: later times become this one
 * @returns undefined when nothing was changed
 * @throws ImageError unsupported when overlayfs was mounted with features whose notes no layer can hold
 */
export function overlayDiff(files: FileCalls, upper: string, latest = Infinity): Readable | undefined {
  return tarOf(changesIn(files, fromText(upper), '', new HardLinks(), latest));
}

function* changesIn(
  files: FileCalls,
  directory: string,
  prefix: string,
  links: HardLinks,
  latest: number,
): Generator<Change> {
  for (const name of namesIn(directory).sort()) {
    const path = `${directory}/${name}`;
    const stats = lstatSync(nativePath(path), { bigint: true });
    if (isWhiteout(stats)) {
      yield { entry: marker(`${prefix}.wh.${name}`, latest) };
      continue;
    }
    const entry = describeFile(files, path, prefix + name, stats, latest);
    if (entry === undefined) continue;
    const opaque = entry.type === 'directory' || entry.type === 'file' ? isOpaqueHere(files, path) : false;
    const written = links.of(entry, stats);
    yield written.type === 'file' ? { entry: written, path } : { entry: written };
    if (entry.type !== 'directory') continue;
    if (opaque) yield { entry: marker(`${entry.name}.wh..wh..opq`, latest) };
    yield* changesIn(files, path, entry.name, links, latest);
  }
}

const isWhiteout = (stats: BigIntStats): boolean => stats.isCharacterDevice() && stats.rdev === 0n;

function isOpaqueHere(files: FileCalls, path: string): boolean {
  const notes = overlayNotes(files, path);
  const strange = ['redirect', 'metacopy'].find((note) => notes.has(note));
  if (strange !== undefined) {
    throw new ImageError(
      'unsupported',
      `${shownName(path)}: overlayfs was mounted with ${strange}, of which no layer can be made`,
    );
  }
  return notes.get('opaque') === 'y';
}
