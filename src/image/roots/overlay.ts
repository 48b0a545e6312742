import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../digest.js';
import { ImageError } from '../error.js';
import { fromText } from '../layers/bytes.js';
import { overlayDiff } from '../layers/diff/overlay.js';
import { isOpaque } from '../layers/overlay.js';
import { layeredTree } from '../tree/layered.js';
import type { Tree } from '../tree/tree.js';
import { chainsOf } from './chain.js';
import { collectUnpacked, containerKeys } from './collect.js';
import { makeContainerDirectory } from './container-directory.js';
import { Hold } from './hold.js';
import { inheritRoot } from './inherit-root.js';
import { lowerOf } from './lower.js';
import { makeOnce } from './make-once.js';
import { containerPath, unpackedPath } from './places.js';
import { readChains } from './record.js';
import { removeRoot } from './remove-root.js';
import type { Root, RootLayer, RootMount, Roots, RootsHost } from './roots.js';
import { unpackLayer } from './unpack-layer.js';

/**
 * Linux's overlayfs: each layer is a directory of its own, that containers share, and what a container changes goes into
 * one of its own. Nothing is copied.
 */
export function overlayRoots(host: RootsHost): Roots {
  const { places, locks, files } = host;
  const hold = new Hold(places, locks);
  const lowers = (chains: readonly Digest[]): string[] =>
    chains.map((chain) => unpackedPath(places, chain)).reverse();
  const opaque = (path: string): boolean => isOpaque(files, path);
  const treeOf = (directories: readonly string[]): Tree => layeredTree(directories, { isOpaque: opaque });

  const rootOf = (directory: string, chains: readonly Digest[]): Root => ({
    mounts: [containerMount(directory, lowers(chains))],
    written: join(directory, 'upper'),
    tree: treeOf([join(directory, 'upper'), ...lowers(chains)]),
  });

  /** One upon the other: a layer may name what lies below it. */
  const prepare: Roots['prepare'] = async (layers, blobs, options = {}) => {
    const chains = chainsOf(layers);
    await hold.add(chains);
    for (const [index, layer] of layers.entries()) {
      const chain = chains[index];
      if (chain === undefined) continue;
      const below = lowers(chains.slice(0, index)).map(fromText);
      const lower = lowerOf(layeredTree(below, { isOpaque: opaque, bytes: true }), files);
      await makeOnce(
        host,
        unpackedPath(places, chain),
        async (directory) => {
          await inheritRoot(directory, index === 0 ? undefined : lowers(chains.slice(0, index))[0]);
          await unpackLayer({ layer, blobs, directory, whiteouts: 'overlay', lower, files }, options);
        },
        options.signal,
      );
    }
  };

  return {
    kind: 'overlay',
    prepare,
    tree: (layers) => treeOf(lowers(chainsOf(layers))),
    view: (layers) => viewMount(lowers(chainsOf(layers))),
    create: async (key, layers) => {
      const directory = containerPath(places, key);
      const chains = chainsOf(layers);
      await makeContainerDirectory(directory, key, chains, async () => {
        await mkdir(join(directory, 'work'), { mode: 0o700 });
        await makeUpper(join(directory, 'upper'), lowers(chains)[0]);
      });
      return rootOf(directory, chains);
    },
    open: async (key) => {
      const directory = containerPath(places, key);
      const chains = await readChains(directory);
      if (chains === undefined) throw new ImageError('not-found', `container ${key} has no root`);
      return rootOf(directory, chains);
    },
    changes: (key, latest) =>
      Promise.resolve(overlayDiff(files, join(containerPath(places, key), 'upper'), latest)),
    remove: async (key) => {
      await removeRoot(files, containerPath(places, key));
    },
    keys: () => containerKeys(places),
    collect: async (keep: readonly (readonly RootLayer[])[]) => {
      await collectUnpacked(host, new Set(keep.flatMap(chainsOf)));
    },
    close: () => hold.close(),
  };
}

/** The topmost of an overlay's root directories is the one whose owner and mode count. */
async function makeUpper(upper: string, top: string | undefined): Promise<void> {
  await mkdir(upper);
  await inheritRoot(upper, top);
}

function containerMount(directory: string, lowers: readonly string[]): RootMount {
  const [upper, work] = [join(directory, 'upper'), join(directory, 'work')];
  // Overlayfs wants something below; an image without layers has nothing.
  if (lowers.length === 0) return { type: 'bind', source: upper, options: ['rbind', 'rw'] };
  return {
    type: 'overlay',
    source: 'overlay',
    // What redirects and metadata-only copies note down cannot be made a layer of.
    options: [
      'index=off',
      'redirect_dir=off',
      'metacopy=off',
      `workdir=${work}`,
      `upperdir=${upper}`,
      `lowerdir=${lowers.join(':')}`,
    ],
  };
}

function viewMount(lowers: readonly string[]): RootMount {
  const [only, another] = lowers;
  if (only === undefined) throw new ImageError('invalid', 'an image without layers cannot be looked at');
  if (another === undefined) return { type: 'bind', source: only, options: ['rbind', 'ro'] };
  return { type: 'overlay', source: 'overlay', options: [`lowerdir=${lowers.join(':')}`, 'ro'] };
}
