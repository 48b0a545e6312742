import { join } from 'node:path';
import { openContent, type Content } from '../../image/content/content.js';
import { hostLocks } from '../../image/content/file-lock.js';
import { openRoots } from '../../image/roots/open.js';
import type { Roots } from '../../image/roots/roots.js';
import { openLocalKernel } from '../../kernel/local.js';
import { openFiles } from '../../kernel/open-files.js';
import { CliError } from '../error.js';
import type { Places } from '../places.js';

/** The images of a data directory, and the roots that are made of them. To be closed. */
export interface ImageStore {
  readonly content: Content;
  readonly roots: Roots;
  close(): Promise<void>;
}

/** Opens them. @throws CliError, ImageError */
export async function openImageStore(places: Places): Promise<ImageStore> {
  if (process.getuid?.() !== 0)
    throw new CliError('needs root, as the daemon does: run it with sudo or doas');
  const content = await openContent(places.data);
  const locks = hostLocks();
  const kernel = openLocalKernel('koffi');
  try {
    const files = await openFiles(kernel);
    const roots = await openRoots({ directory: join(places.data, 'roots'), locks, files });
    return {
      content,
      roots,
      close: async () => {
        await roots.close();
        await content.close();
        locks.close();
        kernel.close();
      },
    };
  } catch (error) {
    await content.close();
    locks.close();
    kernel.close();
    throw error;
  }
}

/** Opens the images for some work, and closes them after it. */
export async function withImages<T>(places: Places, work: (store: ImageStore) => Promise<T>): Promise<T> {
  const store = await openImageStore(places);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
