import type { BlobKey, Blobs } from '../content/blobs.js';
import { parseConfig } from '../config.js';
import { descriptorToJson, type Descriptor } from '../descriptor.js';
import { ImageError } from '../error.js';
import { array, object, optional, text } from '../fields.js';
import { maximumDocument } from '../manifest.js';
import { ociConfig, ociLayer, ociManifest } from '../media-types.js';
import { compressionOfFile } from './compression.js';
import type { Archive } from './read-members.js';

/** An image of a manifest.json, for which a manifest was written. */
export interface DockerArchiveImage {
  /** as Docker writes them, short */
  readonly tags: readonly string[];
  readonly target: Descriptor;
}

/** One image of a manifest.json (Docker's image spec 1.2). */
interface Item {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/** @throws ImageError invalid */
export function parseDockerManifest(document: string): readonly Item[] {
  const where = 'manifest.json';
  let found: unknown;
  try {
    found = JSON.parse(document);
  } catch (error) {
    throw new ImageError('invalid', `${where} is no JSON`, { cause: error });
  }
  return array(found, where, (value, at) => {
    const item = object(value, at);
    const texts = (name: string): readonly string[] =>
      optional(item[name], `${at}.${name}`, (list, w) => array(list, w, text)) ?? [];
    return {
      config: text(item['Config'], `${at}.Config`),
      tags: texts('RepoTags'),
      layers: texts('Layers'),
    };
  });
}

/** Writes for each image of a manifest.json the manifest that it would have in a registry. @throws ImageError */
export async function dockerImages(
  blobs: Blobs,
  archive: Archive,
  document: string,
): Promise<readonly DockerArchiveImage[]> {
  const images: DockerArchiveImage[] = [];
  for (const item of parseDockerManifest(document)) {
    images.push({ tags: item.tags, target: await dockerImage(blobs, archive, item) });
  }
  if (images.length === 0) throw new ImageError('not-found', 'manifest.json names no image');
  return images;
}

async function dockerImage(blobs: Blobs, { members }: Archive, item: Item): Promise<Descriptor> {
  const config = members.require(item.config, 'manifest.json');
  checkNamed(item.config, config);
  const bytes = await blobs.read(config, maximumDocument);
  const { diffIds } = parseConfig(bytes.toString(), item.config);
  if (diffIds.length !== item.layers.length) {
    throw new ImageError(
      'invalid',
      `${item.config} tells of ${diffIds.length} layers, manifest.json of ${item.layers.length}`,
    );
  }
  const layers: Descriptor[] = [];
  for (const [index, name] of item.layers.entries()) {
    const layer = members.require(name, 'manifest.json');
    layers.push(await layerDescriptor(blobs, layer, name, diffIds[index] ?? ''));
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptorToJson({ mediaType: ociConfig, ...config }),
    layers: layers.map(descriptorToJson),
  };
  return blobs.put(Buffer.from(JSON.stringify(manifest)), ociManifest);
}

/** Docker names a configuration by its digest. */
function checkNamed(name: string, { digest }: BlobKey): void {
  const named = /^([0-9a-f]{64})\.json$/.exec(name)?.[1];
  if (named !== undefined && digest !== `sha256:${named}`) {
    throw new ImageError('corrupt', `${name} has the digest ${digest}`);
  }
}

async function layerDescriptor(
  blobs: Blobs,
  layer: BlobKey,
  name: string,
  diffId: string,
): Promise<Descriptor> {
  const compression = await compressionOfFile(blobs.path(layer.digest));
  if (compression === 'xz') throw new ImageError('unsupported', `${name} is compressed with xz`);
  // The digest of a compressed one is known when it is unpacked.
  if (compression === 'none' && layer.digest !== diffId) {
    throw new ImageError('corrupt', `${name} has the digest ${layer.digest}, its image says ${diffId}`);
  }
  return { mediaType: compression === 'none' ? ociLayer : `${ociLayer}+${compression}`, ...layer };
}
