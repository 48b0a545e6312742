import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Blobs } from '../../../src/image/content/blobs.js';
import {
  descriptorToJson,
  platformToJson,
  type Descriptor,
  type Platform,
} from '../../../src/image/descriptor.js';
import { dockerConfig, dockerIndex, dockerLayer, dockerManifest } from '../../../src/image/media-types.js';
import { ociConfig, ociIndex, ociLayer, ociManifest } from '../../../src/image/media-types.js';

export const amd64: Platform = { os: 'linux', architecture: 'amd64' };
export const arm64: Platform = { os: 'linux', architecture: 'arm64' };

export type Put = (bytes: Uint8Array, mediaType: string) => Promise<Descriptor>;

export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export interface Made {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** An image of random layers of these sizes. */
export async function makeImage(
  put: Put,
  options: { platform?: Platform; sizes?: readonly number[]; docker?: boolean } = {},
): Promise<Made> {
  const { platform = amd64, sizes = [1000, 20_000], docker = false } = options;
  const layers: Descriptor[] = [];
  for (const size of sizes) {
    layers.push(await put(gzipSync(randomBytes(size)), docker ? `${dockerLayer}.gzip` : `${ociLayer}+gzip`));
  }
  const diffs = layers.map(({ digest }) => `sha256:${createHash('sha256').update(digest).digest('hex')}`);
  const document = { ...platformToJson(platform), config: {}, rootfs: { type: 'layers', diff_ids: diffs } };
  const config = await put(json(document), docker ? dockerConfig : ociConfig);
  const mediaType = docker ? dockerManifest : ociManifest;
  const body = {
    schemaVersion: 2,
    mediaType,
    config: descriptorToJson(config),
    layers: layers.map(descriptorToJson),
  };
  return { manifest: await put(json(body), mediaType), config, layers };
}

export async function makeIndex(
  put: Put,
  entries: readonly (readonly [Descriptor, Platform])[],
  docker = false,
): Promise<Descriptor> {
  const mediaType = docker ? dockerIndex : ociIndex;
  const manifests = entries.map(([manifest, platform]) => descriptorToJson({ ...manifest, platform }));
  return put(json({ schemaVersion: 2, mediaType, manifests }), mediaType);
}

export const into =
  (blobs: Blobs): Put =>
  (bytes, mediaType) =>
    blobs.put(bytes, mediaType);
