import type { Blobs } from '../content/blobs.js';
import type { Descriptor } from '../descriptor.js';
import { ImageError } from '../error.js';
import { maximumDocument, parseManifest } from '../manifest.js';
import { isIndex, isManifest } from '../media-types.js';
import { platformName } from '../platform.js';
import { noProgress, type ReportProgress } from '../progress.js';
import { formatReference, type Reference } from '../reference.js';
import { mayPush } from './authorizer.js';
import { eachOf } from './bounded.js';
import type { RegistryClient } from './client.js';
import { upload, type Target } from './upload.js';

export interface PushOptions {
  readonly client: RegistryClient;
  readonly blobs: Blobs;
  /** a repository of the same registry that is likely to have the layers */
  readonly mountFrom?: string;
  readonly progress?: ReportProgress;
  readonly signal?: AbortSignal;
  /** blobs at a time; 3 */
  readonly parallel?: number;
}

/** A document to push after what it refers to. */
interface Step {
  readonly document: Descriptor;
  readonly bytes: Buffer;
}

const deepest = 4;

/**
 * Pushes an image, or an index with all that it refers to, byte by byte as it is in the store.
 *
 * @param descriptor what the name shall stand for
 * @throws ImageError not-found, before anything is sent, when a part is not in the store
 */
export async function push(
  descriptor: Descriptor,
  reference: Reference,
  options: PushOptions,
): Promise<void> {
  const { client, blobs, mountFrom, progress = noProgress, signal, parallel = 3 } = options;
  const { repository, registry } = reference;
  const where = formatReference(reference);
  if (reference.digest !== undefined && reference.digest !== descriptor.digest) {
    throw new ImageError('invalid', `${where}: what is to be pushed is ${descriptor.digest}`);
  }
  const leaves = new Map<string, Descriptor>();
  const steps: Step[] = [];
  await gather(blobs, descriptor, where, leaves, steps, 0);
  const endpoint = client.origin(registry);
  const target: Target = { client, endpoint, repository, mountFrom };
  const all = [...leaves.values()];
  for (const { digest: id, size: total } of all) {
    progress({ id, what: 'pushing', done: 0, total, state: 'waiting' });
  }
  await eachOf(all, parallel, signal, (blob, stop) =>
    upload(
      target,
      blob,
      blobs,
      (done, state) => {
        progress({ id: blob.digest, what: 'pushing', done, total: blob.size, state });
      },
      stop,
    ),
  );
  for (const [index, step] of steps.entries()) {
    const last = index === steps.length - 1;
    const name = last && reference.tag !== undefined ? reference.tag : step.document.digest;
    await pushDocument(target, step, name, signal);
  }
}

/** Collects what is to be pushed, leaves apart, and documents after those that they refer to. */
async function gather(
  blobs: Blobs,
  descriptor: Descriptor,
  where: string,
  leaves: Map<string, Descriptor>,
  steps: Step[],
  depth: number,
): Promise<void> {
  if (depth === deepest) throw new ImageError('invalid', `${where} has indexes in indexes, too deep`);
  if (steps.some(({ document }) => document.digest === descriptor.digest)) return;
  const bytes = await blobs.read(descriptor, maximumDocument);
  const found = parseManifest(bytes.toString('utf8'), descriptor.mediaType, where);
  const parts = found.kind === 'index' ? found.manifests : [found.config, ...found.layers];
  for (const part of parts) {
    if (!(await blobs.has(part))) throw absent(part, where);
    if (isIndex(part.mediaType) || isManifest(part.mediaType)) {
      await gather(blobs, part, where, leaves, steps, depth + 1);
    } else leaves.set(part.digest, part);
  }
  steps.push({ document: descriptor, bytes });
}

function absent({ platform, digest }: Descriptor, where: string): ImageError {
  const what = platform === undefined ? digest : `its image for ${platformName(platform)}`;
  const advice = platform === undefined ? '' : '; pull it, or push one platform';
  return new ImageError('not-found', `${where} cannot be pushed whole: ${what} is not in the store${advice}`);
}

async function pushDocument(
  { client, endpoint, repository }: Target,
  { document, bytes }: Step,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const what = `pushing ${endpoint.host}/${repository}${name.includes(':') ? '@' : ':'}${name}`;
  const answer = await client.send(endpoint, {
    what,
    method: 'PUT',
    path: `/v2/${repository}/manifests/${name}`,
    headers: { 'content-type': document.mediaType },
    body: () => bytes,
    access: { repository, scopes: [mayPush(repository)] },
    expect: [201],
    signal,
  });
  await answer.drop();
  const told = answer.header('docker-content-digest');
  if (told !== undefined && told !== document.digest) {
    throw new ImageError('corrupt', `${what}: the registry has it as ${told.slice(0, 80)}`);
  }
}
