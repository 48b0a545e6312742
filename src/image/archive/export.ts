import type { Blobs } from '../content/blobs.js';
import { indexText } from '../content/index-file.js';
import { layoutMarker } from '../content/layout.js';
import type { Descriptor, Platform } from '../descriptor.js';
import { algorithmOf, hexOf, type Digest } from '../digest.js';
import { ImageError } from '../error.js';
import { choosePlatform, hostPlatform } from '../platform.js';
import { findAll, type Found } from './closure.js';
import { dockerDocuments, type DockerImage } from './docker-documents.js';
import { imageName } from './names.js';
import { writeTar, type Member } from './tar-writer.js';

/** What is written, and under which name. */
export interface Exported {
  /** whole, as `formatReference` writes it */
  readonly name: string;
  readonly target: Descriptor;
}

export interface ExportOptions {
  /** `oci`: an image layout; `docker`: also what `docker load` of any age reads, for which one platform is chosen */
  readonly format: 'oci' | 'docker';
  /** for `docker`; the host's if left out */
  readonly platform?: Platform;
}

/**
 * Writes images to one tar. The same images give the same bytes.
 *
 * @throws ImageError not-found when something of an image is missing, before the first byte; corrupt while it is read
 */
export async function exportArchive(
  blobs: Blobs,
  images: readonly Exported[],
  { format, platform = hostPlatform() }: ExportOptions,
): Promise<AsyncGenerator<Buffer>> {
  if (images.length === 0) throw new ImageError('invalid', 'no image was named');
  const all = new Map<Digest, Descriptor>();
  const docker: DockerImage[] = [];
  for (const { name, target } of images) {
    const found = await findAll(blobs, target, name);
    for (const [digest, descriptor] of found.blobs) all.set(digest, descriptor);
    if (format === 'docker') docker.push({ name, manifest: chosen(found, platform, name) });
  }
  const entries = images.map(({ name, target }) => ({
    name,
    target: { ...target, annotations: new Map([...(target.annotations ?? []), [imageName, name]]) },
  }));
  const documents: Member[] = [
    { name: 'oci-layout', bytes: layoutMarker },
    { name: 'index.json', bytes: indexText(entries) },
    ...(format === 'docker' ? dockerDocuments(docker) : []),
  ];
  return writeTar([...documents, ...blobMembers(blobs, all)]);
}

/** Of an index, the platform that Docker's form has room for. */
function chosen(
  { manifests }: Found,
  platform: Platform,
  name: string,
): Found['manifests'][number]['manifest'] {
  const [only] = manifests;
  if (manifests.length === 1 && only !== undefined) return only.manifest;
  const descriptors = manifests.map(({ descriptor }) => descriptor);
  const { digest } = choosePlatform([platform], descriptors, `image ${name}`);
  const found = manifests.find(({ descriptor }) => descriptor.digest === digest);
  if (found === undefined) throw new ImageError('not-found', `image ${name}: ${digest} is missing`);
  return found.manifest;
}

function blobMembers(blobs: Blobs, all: ReadonlyMap<Digest, Descriptor>): Member[] {
  const algorithms = [...new Set([...all.keys()].map(algorithmOf))].sort();
  return [
    { name: 'blobs/', directory: true },
    ...algorithms.map((algorithm): Member => ({ name: `blobs/${algorithm}/`, directory: true })),
    ...[...all.values()].map((blob): Member => ({
      name: blobName(blob.digest),
      size: blob.size,
      open: () => blobs.open(blob),
    })),
  ];
}

/** Of a blob in an image layout. */
export const blobName = (digest: Digest): string => `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
