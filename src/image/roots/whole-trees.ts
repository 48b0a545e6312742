import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../digest.js';
import { ImageError } from '../error.js';
import { treesDiff } from '../layers/diff/trees.js';
import { layeredTree } from '../tree/layered.js';
import { chainsOf } from './chain.js';
import { containerKeys } from './collect.js';
import { makeContainerDirectory } from './container-directory.js';
import { Hold } from './hold.js';
import { containerPath, unpackedPath } from './places.js';
import { readChains } from './record.js';
import type { Root, RootLayer, Roots, RootsHost, RootsKind } from './roots.js';
import { unpackLayer } from './unpack-layer.js';

/** How a host keeps whole root file systems: as directories, or as datasets. */
export interface WholeTrees {
  readonly kind: RootsKind;
  /** whether a state of layers is there, whole */
  has(chain: Digest): Promise<boolean>;
  /**
   * Makes a state of layers: from another, or from nothing, `fill` does the rest. It is there whole or not at all.
   */
  make(
    chain: Digest,
    from: Digest | undefined,
    fill: (directory: string) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /** Makes `root` in a container's directory: a copy of a state of layers, or empty. */
  clone(chain: Digest | undefined, containerDirectory: string, key: string): Promise<void>;
  /** Removes a container's directory and all in it. */
  removeContainer(containerDirectory: string, key: string): Promise<void>;
  collect(keep: ReadonlySet<Digest>): Promise<void>;
}

/** Made when the root is complete: what changed before, by the same clock, was no container's doing. */
const readyFile = 'ready';

const rootOf = (directory: string): Root => {
  const root = join(directory, 'root');
  return { mounts: [], directory: root, written: root, tree: layeredTree([root]) };
};

/** Root file systems where no layers can be laid one upon the other: each state of them is whole, and so is each container's. */
export function wholeRoots(host: RootsHost, trees: WholeTrees): Roots {
  const { places, locks, files } = host;
  const hold = new Hold(places, locks);
  const top = (layers: readonly RootLayer[]): Digest | undefined => chainsOf(layers).at(-1);
  const pathOf = (layers: readonly RootLayer[]): readonly string[] => {
    const chain = top(layers);
    return chain === undefined ? [] : [unpackedPath(places, chain)];
  };

  /** The state that was asked for, from the highest one below it that is there. */
  const prepare: Roots['prepare'] = async (layers, blobs, options = {}) => {
    const chains = chainsOf(layers);
    const chain = chains.at(-1);
    if (chain === undefined) return;
    await hold.add(chains);
    let there = chains.length;
    for (; there > 0; there -= 1) {
      const state = chains[there - 1];
      if (state !== undefined && (await trees.has(state))) break;
    }
    if (there === chains.length) return;
    const missing = layers.slice(there);
    const fill = async (directory: string): Promise<void> => {
      for (const layer of missing) {
        await unpackLayer({ layer, blobs, directory, whiteouts: 'remove', files }, options);
      }
    };
    await trees.make(chain, chains[there - 1], fill, options.signal);
  };

  return {
    kind: trees.kind,
    prepare,
    tree: (layers) => layeredTree(pathOf(layers)),
    view: (layers) => {
      const [path] = pathOf(layers);
      if (path === undefined) throw new ImageError('invalid', 'an image without layers cannot be looked at');
      return process.platform === 'freebsd'
        ? { type: 'nullfs', source: path, options: ['ro'] }
        : { type: 'bind', source: path, options: ['rbind', 'ro'] };
    },
    create: async (key, layers) => {
      const directory = containerPath(places, key);
      const fill = async (): Promise<void> => {
        await trees.clone(top(layers), directory, key);
        await writeFile(join(directory, readyFile), '');
      };
      const undo = (): Promise<void> => trees.removeContainer(directory, key);
      await makeContainerDirectory(directory, key, chainsOf(layers), fill, undo);
      return rootOf(directory);
    },
    open: async (key) => {
      const directory = containerPath(places, key);
      if ((await readChains(directory)) !== undefined) return rootOf(directory);
      throw new ImageError('not-found', `container ${key} has no root`);
    },
    changes: async (key, latest) => {
      const directory = containerPath(places, key);
      const chain = (await readChains(directory))?.at(-1);
      const before = chain === undefined ? undefined : unpackedPath(places, chain);
      const { ctimeNs } = await stat(join(directory, readyFile), { bigint: true });
      return treesDiff(files, before, join(directory, 'root'), { latest, since: ctimeNs });
    },
    remove: (key) => trees.removeContainer(containerPath(places, key), key),
    keys: () => containerKeys(places),
    collect: (keep) => trees.collect(new Set(keep.flatMap(chainsOf))),
    close: () => hold.close(),
  };
}
