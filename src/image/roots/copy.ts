import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { collectUnpacked } from './collect.js';
import { copyTree } from './copy-tree.js';
import { inheritRoot } from './inherit-root.js';
import { makeOnce } from './make-once.js';
import { unpackedPath } from './places.js';
import { removeRoot } from './remove-root.js';
import type { Roots, RootsHost } from './roots.js';
import { wholeRoots } from './whole-trees.js';

/**
 * Directories, copied for each container: for hosts with nothing better. States of layers share their files by hard links,
 * since nobody changes them; a container's are its own, and share blocks where the file system can.
 */
export function copyRoots(host: RootsHost): Roots {
  const { places, files } = host;
  return wholeRoots(host, {
    kind: 'copy',
    has: async (chain) => {
      try {
        return (await stat(unpackedPath(places, chain))).isDirectory();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      }
    },
    make: async (chain, from, fill, signal) => {
      const make = async (directory: string): Promise<void> => {
        if (from === undefined) await inheritRoot(directory, undefined);
        else copyTree(files, unpackedPath(places, from), directory, true);
        await fill(directory);
      };
      await makeOnce(host, unpackedPath(places, chain), make, signal);
    },
    clone: async (chain, directory) => {
      const root = join(directory, 'root');
      await mkdir(root, { mode: 0o755 });
      if (chain !== undefined) copyTree(files, unpackedPath(places, chain), root, false);
    },
    removeContainer: async (directory) => {
      await removeRoot(files, directory);
    },
    collect: (keep) => collectUnpacked(host, keep),
  });
}
