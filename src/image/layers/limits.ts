import { ImageError } from '../error.js';

/** What one layer may take. Images of real use are far below all of it; what is above is an attack or a mistake. */
export interface Limits {
  /** entries of the tar */
  readonly entries: number;
  /** bytes of the tar once decompressed, and bytes of a sparse file with its holes */
  readonly bytes: number;
  /** bytes of a name or of what a symbolic link says */
  readonly name: number;
  /** bytes of the extended headers and long names of one entry */
  readonly header: number;
  /** decompressed bytes for each compressed one, once there are more than `ratioFrom` decompressed ones */
  readonly ratio: number;
  readonly ratioFrom: number;
}

const mebibyte = 1024 * 1024;

export const usualLimits: Limits = {
  entries: 4_000_000,
  bytes: 256 * 1024 * mebibyte,
  name: 4095,
  header: mebibyte,
  ratio: 300,
  ratioFrom: 512 * mebibyte,
};

/** @throws ImageError exhausted, when there is more of it */
export function within(limit: number, found: number, what: string): void {
  if (found > limit) throw new ImageError('exhausted', `the layer has ${what}: the limit is ${limit}`);
}
