import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { LayerContent } from './items.js';

/**
 * A number for what a COPY brings: the same exactly when names, types, modes, owners, and content are. Times do not count,
 * as a fresh checkout has others.
 */
export async function contentHash({ items, archives }: LayerContent): Promise<string> {
  const hash = createHash('sha256');
  for (const item of items) {
    const { path, type, mode, uid, gid } = item;
    const link = item.type === 'symlink' ? item.target : '';
    const size = item.type === 'file' ? item.size : 0;
    hash.update(`${JSON.stringify([path, type, mode, uid, gid, link, size])}\n`);
    if (item.type !== 'file') continue;
    if ('bytes' in item.content) hash.update(item.content.bytes);
    else await addFile(hash, item.content.hostPath);
  }
  for (const { directory, owner, hostPath } of archives) {
    hash.update(`${JSON.stringify(['archive', directory, owner])}\n`);
    await addFile(hash, hostPath);
  }
  return hash.digest('hex');
}

async function addFile(hash: Hash, path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.allocUnsafe(256 * 1024);
    for (;;) {
      const { bytesRead } = await file.read(buffer);
      if (bytesRead === 0) return;
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
