import { sha256, type Digest } from '../digest.js';

/**
 * What names each state of a root file system: of its first layer, of its first two, and so on (image-spec config.md,
 * "Layer ChainID").
 */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chains: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chains.at(-1);
    chains.push(below === undefined ? diffId : sha256(`${below} ${diffId}`));
  }
  return chains;
}

/** The same of layers. */
export const chainsOf = (layers: readonly { readonly diffId: Digest }[]): Digest[] =>
  chainIds(layers.map(({ diffId }) => diffId));
