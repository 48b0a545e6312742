import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { extract, pack, type ExtractEvents, type Header, type Pack } from 'tar-stream';
import { ImageError } from '../error.js';
import { decompress } from '../layers/decompress.js';
import { normalised, resolveIn } from '../tree/resolve.js';
import { joinPath, type Tree } from '../tree/tree.js';
import type { LayerArchive, LayerContent } from './items.js';
import { writeItems } from './layer-tar.js';

type Source = ExtractEvents['entry'][1];

/**
 * The tar of a layer that holds items and what archives bring, each in its directory of the image. Names in an archive that
 * lead out of it are refused; what its symlinks do is the business of who unpacks the layer.
 */
export function archivedLayer({ items, archives }: LayerContent, image: Tree, latest: number): Readable {
  const tar = pack();
  const write = async (): Promise<void> => {
    await writeItems(tar, items, latest);
    for (const archive of archives) await addArchive(tar, archive, image, latest);
  };
  write().then(
    () => {
      tar.finalize();
    },
    (error: unknown) => {
      tar.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  );
  return tar as unknown as Readable;
}

async function addArchive(tar: Pack, archive: LayerArchive, image: Tree, latest: number): Promise<void> {
  const { path: directory } = resolveIn(image, archive.directory);
  const entries = extract();
  pipeline(
    decompress(createReadStream(archive.hostPath), archive.compression),
    entries as never,
    () => undefined,
  );
  for await (const entry of entries) {
    await copyEntry(tar, entry, directory, archive, latest);
  }
}

async function copyEntry(
  tar: Pack,
  entry: Source,
  directory: string,
  { owner, hostPath }: LayerArchive,
  latest: number,
): Promise<void> {
  const { header } = entry;
  const name = inside(header.name, hostPath);
  const link =
    header.type === 'link' ? joinPath(directory, inside(header.linkname, hostPath)) : header.linkname;
  if (name === '') {
    entry.resume();
    return;
  }
  const seconds = Math.min(Math.floor(header.mtime.getTime() / 1000), latest);
  const made: Partial<Header> & Pick<Header, 'name'> = {
    ...header,
    ...owner,
    name: joinPath(directory, name) + (header.type === 'directory' ? '/' : ''),
    linkname: link,
    mtime: new Date(Math.max(0, seconds) * 1000),
    pax: null,
  };
  await new Promise<void>((resolve, reject) => {
    const sink = tar.entry(made, (error) => {
      if (error) reject(error);
      else resolve();
    });
    entry.on('error', reject);
    entry.pipe(sink);
  });
}

/** @throws ImageError invalid for a name that leads out of the archive */
function inside(name: string, archive: string): string {
  if (name.startsWith('/') || name.split('/').includes('..') || name.includes('\0')) {
    throw new ImageError(
      'invalid',
      `${archive}: the name ${JSON.stringify(name.slice(0, 100))} leads out of it`,
    );
  }
  return normalised(name);
}
