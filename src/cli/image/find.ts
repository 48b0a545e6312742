import type { Blobs } from '../../image/content/blobs.js';
import type { Image, Images } from '../../image/content/images.js';
import type { Descriptor } from '../../image/descriptor.js';
import { maximumDocument, parseManifest } from '../../image/manifest.js';
import { choosePlatform, parsePlatformName } from '../../image/platform.js';
import { formatReference, parseReference } from '../../image/reference.js';
import { CliError } from '../error.js';

/** Finds an image by its name, as people write it. @throws CliError if there is none */
export function findImage(images: Images, word: string): Image {
  const name = formatReference(parseReference(word));
  const found = images.get(name);
  if (found !== undefined) return found;
  throw new CliError(`there is no image ${name} here: see jailer images`);
}

/** The manifest of one platform: of an index, its member. @throws ImageError not-found */
export async function manifestFor(
  blobs: Blobs,
  target: Descriptor,
  platform: string,
  where: string,
): Promise<Descriptor> {
  const document = (await blobs.read(target, maximumDocument)).toString('utf8');
  const found = parseManifest(document, target.mediaType, where);
  if (found.kind === 'manifest') return target;
  const chosen = choosePlatform([parsePlatformName(platform)], found.manifests, where);
  return await manifestFor(blobs, chosen, platform, where);
}
