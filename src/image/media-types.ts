/** Media types of the OCI image spec 1.1 (media-types.md) and of Docker's image manifest version 2, schema 2. */
export const ociIndex = 'application/vnd.oci.image.index.v1+json';
export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociConfig = 'application/vnd.oci.image.config.v1+json';
export const ociLayer = 'application/vnd.oci.image.layer.v1.tar';
export const dockerIndex = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
export const dockerConfig = 'application/vnd.docker.container.image.v1+json';
export const dockerLayer = 'application/vnd.docker.image.rootfs.diff.tar';

/** How the tar of a layer is compressed. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'xz';

const layers = new Map<string, Compression>([
  [ociLayer, 'none'],
  [`${ociLayer}+gzip`, 'gzip'],
  [`${ociLayer}+zstd`, 'zstd'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd'],
  [dockerLayer, 'none'],
  [`${dockerLayer}.gzip`, 'gzip'],
  [`${dockerLayer}.zstd`, 'zstd'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'gzip'],
]);

export const isIndex = (mediaType: string): boolean => mediaType === ociIndex || mediaType === dockerIndex;

export const isManifest = (mediaType: string): boolean =>
  mediaType === ociManifest || mediaType === dockerManifest;

export const isConfig = (mediaType: string): boolean => mediaType === ociConfig || mediaType === dockerConfig;

/** @returns the compression that a layer's media type names, or undefined when it is no layer that we know */
export const compressionOf = (mediaType: string): Compression | undefined => layers.get(mediaType);
