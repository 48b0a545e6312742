import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pack, type Pack } from 'tar-stream';
import { ImageError } from '../error.js';
import type { LayerFile, LayerItem } from './items.js';

/** Bytes read at once. */
const chunkSize = 256 * 1024;

/**
 * The tar of a layer with these items, in their order. The same items give the same bytes: names sorted by who made the
 * list, owners as numbers, times as whole seconds, none later than `latest`.
 */
export function layerTar(items: readonly LayerItem[], latest = Number.MAX_SAFE_INTEGER): Readable {
  const tar = pack();
  writeItems(tar, items, latest).then(
    () => {
      tar.finalize();
    },
    (error: unknown) => {
      tar.destroy(error instanceof Error ? error : new Error(String(error)));
    },
  );
  return tar as unknown as Readable;
}

/** Writes items, in their order, and leaves the tar open for more. */
export async function writeItems(tar: Pack, items: readonly LayerItem[], latest: number): Promise<void> {
  for (const item of items) {
    const header = {
      name: item.type === 'directory' ? `${item.path}/` : item.path,
      mode: item.mode,
      uid: item.uid,
      gid: item.gid,
      mtime: new Date(Math.max(0, Math.min(Math.floor(item.modified), latest)) * 1000),
    };
    if (item.type === 'file') await writeFile(tar, { ...header, type: 'file', size: item.size }, item);
    else if (item.type === 'directory') await writeHeader(tar, { ...header, type: 'directory' });
    else await writeHeader(tar, { ...header, type: 'symlink', linkname: item.target });
  }
}

type Header = Parameters<Pack['entry']>[0];

function writeHeader(tar: Pack, header: Header): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry(header, '', (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

async function writeFile(tar: Pack, header: Header, { content, path, size }: LayerFile): Promise<void> {
  let entry!: ReturnType<Pack['entry']>;
  const ended = new Promise<void>((resolve, reject) => {
    entry = tar.entry(header, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  const send = async (chunk: Uint8Array): Promise<void> => {
    if (!entry.write(Buffer.from(chunk))) {
      await new Promise<void>((resolve, reject) => {
        entry.once('drain', resolve);
        entry.once('close', () => {
          reject(new ImageError('cancelled', `/${path}: the layer is not wanted any more`));
        });
      });
    }
  };
  if ('bytes' in content) await send(content.bytes);
  else await sendFile(content.hostPath, size, send);
  entry.end(undefined);
  await ended;
}

/** @throws ImageError failed when the file has changed since it was looked at */
async function sendFile(
  path: string,
  size: number,
  send: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    let left = size;
    while (left > 0) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(left, chunkSize)));
      if (bytesRead === 0) throw new ImageError('failed', `${path} became shorter while it was copied`);
      left -= bytesRead;
      await send(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
