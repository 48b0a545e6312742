import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { hexOf, sha256, type Digest } from '../../../src/image/digest.js';

export interface LayoutLayer {
  readonly digest: Digest;
  readonly diffId: Digest;
  readonly size: number;
  readonly path: string;
}

/** Writes an OCI image layout with one image, named `image`, of these tars, compressed with gzip. */
export function writeLayout(path: string, tars: readonly Buffer[], level = 6): LayoutLayer[] {
  mkdirSync(join(path, 'blobs/sha256'), { recursive: true });
  const blob = (bytes: Buffer): { digest: Digest; size: number; path: string } => {
    const digest = sha256(bytes);
    const file = join(path, 'blobs/sha256', hexOf(digest));
    writeFileSync(file, bytes);
    return { digest, size: bytes.byteLength, path: file };
  };
  const document = (
    mediaType: string,
    value: unknown,
  ): { mediaType: string; digest: Digest; size: number } => {
    const { digest, size } = blob(Buffer.from(JSON.stringify(value)));
    return { mediaType, digest, size };
  };
  const layers = tars.map((tar) => ({ ...blob(gzipSync(tar, { level })), diffId: sha256(tar) }));
  const config = document('application/vnd.oci.image.config.v1+json', {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created_by: 'a test' })),
  });
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const manifest = document('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: layers.map(({ digest, size }) => ({ mediaType, digest, size })),
  });
  const annotations = { 'org.opencontainers.image.ref.name': 'image' };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  writeFileSync(join(path, 'index.json'), JSON.stringify(index));
  writeFileSync(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return layers;
}
