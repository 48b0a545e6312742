import { algorithmOf, digestOf, hashFor, isDigest, sha256, type Digest } from '../digest.js';
import type { Descriptor } from '../descriptor.js';
import { ImageError } from '../error.js';
import { maximumDocument, parseManifest } from '../manifest.js';
import { dockerIndex, dockerManifest, isIndex, isManifest, ociIndex, ociManifest } from '../media-types.js';
import { mayPull } from './authorizer.js';
import { readWhole } from './bounded.js';
import type { RegistryClient } from './client.js';
import type { Endpoint } from './endpoint.js';
import type { Answer } from './transport.js';

/** A manifest or an index, as it came. */
export interface Document {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

const accept = [ociIndex, ociManifest, dockerIndex, dockerManifest].join(', ');

/** Types by which servers say nothing of what a document is. */
const vague = new Set([
  '',
  'application/json',
  'application/octet-stream',
  'text/plain',
  'binary/octet-stream',
]);

/**
 * What a tag stands for, by a HEAD, which registries do not count as a pull.
 *
 * @returns undefined when the registry does not tell, for whatever reason: a GET says which
 */
export async function resolveTag(
  client: RegistryClient,
  endpoint: Endpoint,
  repository: string,
  tag: string,
  signal?: AbortSignal,
): Promise<Descriptor | undefined> {
  const answer = await client.send(endpoint, {
    what: `resolving ${endpoint.host}/${repository}:${tag}`,
    method: 'HEAD',
    path: `/v2/${repository}/manifests/${tag}`,
    headers: { accept },
    access: { repository, scopes: [mayPull(repository)] },
    expect: [200, 400, 404, 405],
    signal,
  });
  await answer.drop();
  const digest = answer.header('docker-content-digest');
  const length = answer.header('content-length') ?? '';
  const mediaType = typeOf(answer);
  if (answer.status !== 200 || !isDigest(digest) || !/^\d{1,9}$/.test(length)) return undefined;
  if (!isIndex(mediaType) && !isManifest(mediaType)) return undefined;
  return { mediaType, digest, size: Number(length) };
}

/**
 * Gets a manifest or an index.
 *
 * @param known what it must be, as far as that is known
 * @throws ImageError not-found, unauthorized, unreachable, corrupt, invalid, unsupported, exhausted, cancelled
 */
export async function fetchDocument(
  client: RegistryClient,
  endpoint: Endpoint,
  repository: string,
  reference: string,
  known: Partial<Descriptor>,
  signal?: AbortSignal,
): Promise<Document> {
  const where = `${endpoint.host}/${repository}${isDigest(reference) ? '@' : ':'}${reference}`;
  const answer = await client.send(endpoint, {
    what: `getting ${where}`,
    method: 'GET',
    path: `/v2/${repository}/manifests/${reference}`,
    headers: { accept },
    access: { repository, scopes: [mayPull(repository)] },
    expect: [200],
    signal,
  });
  const bytes = await readWhole(answer.body, maximumDocument, where);
  const digest = checkedDigest(answer, bytes, known, where);
  const told = known.mediaType ?? (vague.has(typeOf(answer)) ? undefined : typeOf(answer));
  if (told !== undefined && !isIndex(told) && !isManifest(told)) {
    throw new ImageError('unsupported', `${where} is a ${JSON.stringify(told.slice(0, 100))}, no image`);
  }
  const { mediaType } = parseManifest(bytes.toString('utf8'), told, where);
  return { bytes, descriptor: { mediaType, digest, size: bytes.length } };
}

const typeOf = (answer: Answer): string =>
  (answer.header('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** @throws ImageError corrupt unless the bytes are what was asked for, and what the server says they are */
function checkedDigest(answer: Answer, bytes: Buffer, known: Partial<Descriptor>, where: string): Digest {
  const encoding = (answer.header('content-encoding') ?? 'identity').trim().toLowerCase();
  if (encoding !== 'identity') {
    throw new ImageError('unsupported', `${where} came encoded as ${JSON.stringify(encoding.slice(0, 40))}`);
  }
  const of = (digest: Digest): Digest => digestOf(algorithmOf(digest), hashFor(digest).update(bytes));
  if (known.size !== undefined && known.size !== bytes.length) {
    throw new ImageError('corrupt', `${where} has ${bytes.length} bytes instead of ${known.size}`);
  }
  if (known.digest !== undefined) {
    if (of(known.digest) === known.digest) return known.digest;
    throw new ImageError('corrupt', `${where} has another digest, ${of(known.digest)}`);
  }
  const told = answer.header('docker-content-digest');
  if (told !== undefined && (!isDigest(told) || of(told) !== told)) {
    throw new ImageError('corrupt', `${where} has another digest, ${sha256(bytes)}, than its server says`);
  }
  return isDigest(told) ? told : sha256(bytes);
}
