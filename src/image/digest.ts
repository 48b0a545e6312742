import { createHash, type Hash } from 'node:crypto';
import { ImageError } from './error.js';

/** `algorithm:hex`, checked (image-spec descriptor.md, "Digests"). */
export type Digest = `${Algorithm}:${string}`;
export type Algorithm = 'sha256' | 'sha512';

const form = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export const isDigest = (text: unknown): text is Digest => typeof text === 'string' && form.test(text);

/** @throws ImageError invalid; `what` says whose digest it is */
export function parseDigest(text: unknown, what: string): Digest {
  if (isDigest(text)) return text;
  const shown = typeof text === 'string' ? JSON.stringify(text.slice(0, 80)) : 'no text';
  throw new ImageError('invalid', `${what}: ${shown} is no sha256 or sha512 digest`);
}

export const algorithmOf = (digest: Digest): Algorithm =>
  digest.startsWith('sha256:') ? 'sha256' : 'sha512';

/** The hexadecimal part: safe as a file name. */
export const hexOf = (digest: Digest): string => digest.slice(digest.indexOf(':') + 1);

export const hashFor = (digest: Digest): Hash => createHash(algorithmOf(digest));

export const sha256 = (bytes: Uint8Array | string): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Ends a hash. */
export const digestOf = (algorithm: Algorithm, hash: Hash): Digest => `${algorithm}:${hash.digest('hex')}`;
