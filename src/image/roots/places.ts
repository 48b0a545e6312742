import { join } from 'node:path';
import { hexOf, type Digest } from '../digest.js';
import { ImageError } from '../error.js';

/** Where in a data directory what lies; see roots.ts. */
export interface RootPlaces {
  readonly directory: string;
  /** one directory for each state of layers, called by its chain id */
  readonly unpacked: string;
  /** one directory for each container */
  readonly containers: string;
}

export function placesIn(directory: string, kind: string): RootPlaces {
  const own = join(directory, kind);
  return { directory: own, unpacked: join(own, 'unpacked'), containers: join(own, 'containers') };
}

/**
 * What a state of layers is called: 160 bits of its chain id. The names of 127 layers, as many as Docker makes, must fit
 * into the page of options that mount(2) of an overlay takes; a data set's name must begin with a letter.
 */
export const stateName = (chain: Digest): string =>
  `L${Buffer.from(hexOf(chain), 'hex').subarray(0, 20).toString('base64url')}`;

export const unpackedPath = ({ unpacked }: RootPlaces, chain: Digest): string =>
  join(unpacked, stateName(chain));

/** @throws ImageError invalid for a key that is no file name */
export function containerPath({ containers }: RootPlaces, key: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(key)) return join(containers, key);
  throw new ImageError('invalid', `${JSON.stringify(key.slice(0, 140))} is no key of a container`);
}
