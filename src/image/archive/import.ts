import type { Readable } from 'node:stream';
import type { Blobs } from '../content/blobs.js';
import { ImageError } from '../error.js';
import { dockerImages, type DockerArchiveImage } from './docker-images.js';
import { namelessName, wholeName } from './names.js';
import type { Exported } from './export.js';
import { ociImages } from './oci-images.js';
import { readMembers, type ReadOptions } from './read-members.js';

/**
 * Reads a tar of images, compressed or not: an OCI image layout, or what `docker save` writes. The blobs are in the store
 * then, and held; the names are the caller's to give. What an archive brought that is refused is garbage.
 *
 * @param options `where`: what the archive is called in messages: a path, `standard input`
 * @returns the images by the names that they have in the archive; one that has several is there several times
 * @throws ImageError invalid, corrupt, unsupported, exhausted, cancelled, naming the archive
 */
export async function importArchive(
  blobs: Blobs,
  source: Readable,
  options: ReadOptions,
): Promise<readonly Exported[]> {
  const archive = await readMembers(blobs, source, options);
  const { where, documents } = archive;
  const docker = documents.get('manifest.json');
  try {
    if (documents.has('oci-layout') && documents.has('index.json')) return await ociImages(blobs, archive);
    if (docker !== undefined) return (await dockerImages(blobs, archive, docker)).flatMap(named);
    throw new ImageError(
      'invalid',
      'no archive of images: it has neither oci-layout and index.json nor manifest.json',
    );
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    throw new ImageError(error.kind, `${where}: ${error.message}`, { cause: error });
  }
}

function named({ tags, target }: DockerArchiveImage): readonly Exported[] {
  if (tags.length === 0) return [{ name: namelessName(target.digest), target }];
  return [...new Set(tags.map(wholeName))].map((name) => ({ name, target }));
}
