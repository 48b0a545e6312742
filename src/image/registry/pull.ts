import { parseConfig } from '../config.js';
import type { Blobs } from '../content/blobs.js';
import type { Descriptor, Platform } from '../descriptor.js';
import { ImageError } from '../error.js';
import { maximumDocument, parseManifest, requireRunnable, type Manifest } from '../manifest.js';
import { isIndex } from '../media-types.js';
import { choosePlatform, fitness, platformName } from '../platform.js';
import { noProgress, type ReportProgress } from '../progress.js';
import { formatReference, type Reference } from '../reference.js';
import { eachOf } from './bounded.js';
import type { RegistryClient } from './client.js';
import { fetchDocument, resolveTag } from './documents.js';
import { download, goesOn, type Source } from './download.js';
import type { Endpoint } from './endpoint.js';

export interface PullOptions {
  readonly client: RegistryClient;
  readonly blobs: Blobs;
  /** the best first; the first for which there is an image counts */
  readonly platforms: readonly Platform[];
  readonly progress?: ReportProgress;
  readonly signal?: AbortSignal;
  /** layers at a time; 3 */
  readonly parallel?: number;
}

/** An index of an index of an index is nothing that anybody makes. */
const deepest = 3;

/**
 * Brings an image of one platform into the store.
 *
 * @returns what the name stands for, a manifest or an index; all that it needs for the platform is in the store
 * @throws ImageError
 */
export async function pull(reference: Reference, options: PullOptions): Promise<Descriptor> {
  const { client, blobs, signal } = options;
  const { repository } = reference;
  const endpoints = client.sources(reference.registry);
  const source: Source = { client, endpoints, repository };
  const top = await firstOf(endpoints, (endpoint) => pullTop(reference, endpoint, options));
  let at = top;
  for (let depth = 0; isIndex(at.mediaType); depth += 1) {
    const where = formatReference(reference);
    if (depth === deepest) throw new ImageError('invalid', `${where} is an index within ${depth} others`);
    const found = await stored(blobs, at, where);
    if (found.kind !== 'index') break;
    at = choosePlatform(options.platforms, found.manifests, where);
    const chosen = at;
    await firstOf(endpoints, (endpoint) => pullDocument(client, endpoint, repository, chosen, blobs, signal));
  }
  await pullImage(source, at, formatReference(reference), options);
  return top;
}

/** What `work` finds at the first endpoint where it can. @throws what it threw at the last, which is the registry itself */
async function firstOf<T>(
  endpoints: readonly [Endpoint, ...Endpoint[]],
  work: (endpoint: Endpoint) => Promise<T>,
): Promise<T> {
  let last: unknown;
  for (const endpoint of endpoints) {
    try {
      return await work(endpoint);
    } catch (error) {
      last = error;
      if (!goesOn(error)) break;
    }
  }
  throw last;
}

async function pullTop(
  { repository, tag, digest }: Reference,
  endpoint: Endpoint,
  { client, blobs, signal }: PullOptions,
): Promise<Descriptor> {
  if (digest === undefined) {
    const name = tag ?? 'latest';
    const known = await resolveTag(client, endpoint, repository, name, signal);
    if (known !== undefined) return pullDocument(client, endpoint, repository, known, blobs, signal);
    const { bytes, descriptor } = await fetchDocument(client, endpoint, repository, name, {}, signal);
    return blobs.put(bytes, descriptor.mediaType);
  }
  const { bytes, descriptor } = await fetchDocument(client, endpoint, repository, digest, { digest }, signal);
  return keep(blobs, bytes, descriptor);
}

/** Brings a manifest or an index whose digest is known into the store, unless it is there. */
async function pullDocument(
  client: RegistryClient,
  endpoint: Endpoint,
  repository: string,
  known: Descriptor,
  blobs: Blobs,
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  if (known.size <= maximumDocument && (await blobs.has(known))) return known;
  const { bytes } = await fetchDocument(client, endpoint, repository, known.digest, known, signal);
  return keep(blobs, bytes, known);
}

/** A document under the digest by which it was asked for, which may be a SHA-512. */
async function keep(blobs: Blobs, bytes: Buffer, descriptor: Descriptor): Promise<Descriptor> {
  const ingest = await blobs.ingest(descriptor);
  if (ingest === undefined) return descriptor;
  try {
    await ingest.restart();
    await ingest.write(bytes);
    await ingest.commit();
  } catch (error) {
    await ingest.abort();
    throw error;
  }
  return descriptor;
}

async function stored(
  blobs: Blobs,
  descriptor: Descriptor,
  where: string,
): Promise<ReturnType<typeof parseManifest>> {
  const bytes = await blobs.read(descriptor, maximumDocument);
  return parseManifest(bytes.toString('utf8'), descriptor.mediaType, where);
}

/** The configuration first: by it an image for another platform shows before its layers come. */
async function pullImage(
  source: Source,
  descriptor: Descriptor,
  where: string,
  { blobs, platforms, progress = noProgress, signal, parallel = 3 }: PullOptions,
): Promise<void> {
  const manifest = await stored(blobs, descriptor, where);
  if (manifest.kind !== 'manifest') throw new ImageError('invalid', `${where} is an index within an index`);
  requireRunnable(manifest, where);
  const one = async (blob: Descriptor, stop: AbortSignal | undefined): Promise<void> => {
    const { digest: id, size: total } = blob;
    await download(
      source,
      blob,
      blobs,
      (done, state) => {
        progress({ id, what: 'pulling', done, total, state });
      },
      stop,
    );
  };
  if (manifest.config.size > maximumDocument) {
    throw new ImageError('exhausted', `${where} has a configuration of ${manifest.config.size} bytes`);
  }
  await one(manifest.config, signal);
  await checkPlatform(manifest, blobs, platforms, where);
  const layers = [...new Map(manifest.layers.map((layer) => [layer.digest, layer])).values()];
  for (const { digest: id, size: total } of layers) {
    progress({ id, what: 'pulling', done: 0, total, state: 'waiting' });
  }
  await eachOf(layers, parallel, signal, one);
}

/** @throws ImageError not-found when the image says that it is for another platform */
async function checkPlatform(
  { config }: Manifest,
  blobs: Blobs,
  platforms: readonly Platform[],
  where: string,
): Promise<void> {
  const document = (await blobs.read(config, maximumDocument)).toString('utf8');
  const { platform } = parseConfig(document, `${where}: configuration`);
  if (platform.os === '' || platforms.some((wanted) => fitness(wanted, platform) > 0)) return;
  const wanted = platforms.map(platformName).join(' or ');
  throw new ImageError('not-found', `${where} is an image for ${platformName(platform)}, not for ${wanted}`);
}
