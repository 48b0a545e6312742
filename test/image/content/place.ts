import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobKey, Blobs } from '../../../src/image/content/blobs.js';
import { openContent, type Content } from '../../../src/image/content/content.js';
import { descriptorToJson, type Descriptor } from '../../../src/image/descriptor.js';
import { sha256 } from '../../../src/image/digest.js';
import { ociConfig, ociIndex, ociLayer, ociManifest } from '../../../src/image/media-types.js';

/** A folder of its own for a test, removed behind it. */
export async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'images-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function withContent(
  body: (content: Content, data: string) => Promise<void>,
  data?: string,
): Promise<void> {
  if (data === undefined) {
    await inFolder((folder) => withContent(body, join(folder, 'data')));
    return;
  }
  const content = await openContent(data);
  try {
    await body(content, data);
  } finally {
    await content.close();
  }
}

/** Bytes as a blob that is not in a store. */
export const blobOf = (bytes: Uint8Array): BlobKey => ({
  digest: sha256(bytes),
  size: bytes.length,
});

export const noise = (size: number): Buffer => randomBytes(size);

export interface MadeImage {
  readonly manifest: Descriptor;
  /** of the manifest, the configuration and the layers */
  readonly blobs: readonly [manifest: Descriptor, config: Descriptor, layer: Descriptor, ...Descriptor[]];
}

/** Puts an image of these layers into a store. The layers are no tars: nobody looks. */
export async function makeImage(
  blobs: Blobs,
  [first, ...more]: readonly [Uint8Array, ...Uint8Array[]] = [noise(100)],
  platform = { os: 'freebsd', architecture: 'amd64' },
): Promise<MadeImage> {
  const document = (value: object, type: string): Promise<Descriptor> =>
    blobs.put(Buffer.from(JSON.stringify(value)), type);
  const diffIds = [first, ...more].map((layer) => sha256(layer));
  const config = await document({ ...platform, rootfs: { type: 'layers', diff_ids: diffIds } }, ociConfig);
  const layer = await blobs.put(first, ociLayer);
  const others = await Promise.all(more.map((bytes) => blobs.put(bytes, ociLayer)));
  const manifest = await document(
    {
      schemaVersion: 2,
      mediaType: ociManifest,
      config: descriptorToJson(config),
      layers: [layer, ...others].map(descriptorToJson),
    },
    ociManifest,
  );
  return { manifest, blobs: [manifest, config, layer, ...others] };
}

export function makeIndex(blobs: Blobs, manifests: readonly Descriptor[]): Promise<Descriptor> {
  const index = { schemaVersion: 2, mediaType: ociIndex, manifests: manifests.map(descriptorToJson) };
  return blobs.put(Buffer.from(JSON.stringify(index)), ociIndex);
}

/** The names of all blobs of a data directory, sorted. */
export const blobsIn = async (data: string): Promise<string[]> =>
  (await readdir(join(data, 'blobs/sha256'))).map((name) => `sha256:${name}`).sort();

export const ingestIn = (data: string): Promise<string[]> => readdir(join(data, 'ingest'));
