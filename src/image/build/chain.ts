import { sha256, type Digest } from '../digest.js';

/** What names the state of a root file system: its layers' diff ids, base first (image-spec config.md, "Layer ChainID"). */
export function chainId(diffIds: readonly Digest[]): Digest | undefined {
  return diffIds.reduce<Digest | undefined>(
    (chain, diffId) => (chain === undefined ? diffId : sha256(`${chain} ${diffId}`)),
    undefined,
  );
}
