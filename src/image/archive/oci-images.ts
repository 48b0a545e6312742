import type { Blobs } from '../content/blobs.js';
import { refName } from '../content/index-file.js';
import { requireVersion } from '../content/open-layout.js';
import { parseConfig } from '../config.js';
import { descriptorToJson, type Descriptor } from '../descriptor.js';
import { ImageError } from '../error.js';
import { maximumDocument, parseManifest, requireRunnable, type Manifest } from '../manifest.js';
import { isIndex, isManifest, ociIndex } from '../media-types.js';
import { platformName } from '../platform.js';
import { findAll } from './closure.js';
import type { Exported } from './export.js';
import { imageName, nameIn, namelessName } from './names.js';
import type { Archive } from './read-members.js';

/** The images of an image layout (image-spec image-layout.md), looked through. @throws ImageError */
export async function ociImages(blobs: Blobs, { documents }: Archive): Promise<readonly Exported[]> {
  requireVersion(documents.get('oci-layout') ?? '', 'oci-layout');
  const index = parseManifest(documents.get('index.json') ?? '', ociIndex, 'index.json');
  if (index.kind !== 'index') throw new ImageError('invalid', 'index.json is no index');
  const images: Exported[] = [];
  for (const [name, targets] of byName(index.manifests)) images.push(...(await join(blobs, name, targets)));
  if (images.length === 0) throw new ImageError('not-found', 'index.json names no image');
  for (const { name, target } of images) await check(blobs, name, target);
  return images;
}

/** What is not an image is left out: signatures, lists of parts. */
function byName(
  descriptors: readonly Descriptor[],
): ReadonlyMap<string | undefined, ReadonlyMap<string, Descriptor>> {
  const found = new Map<string | undefined, Map<string, Descriptor>>();
  for (const image of descriptors) {
    if (!isIndex(image.mediaType) && !isManifest(image.mediaType)) continue;
    const name = nameIn(image.annotations);
    const same = found.get(name) ?? new Map<string, Descriptor>();
    found.set(name, same.set(image.digest, withoutName(image)));
  }
  return found;
}

/** Manifests of one name are those of its platforms, if they tell different ones; an index is written for them then. */
async function join(
  blobs: Blobs,
  name: string | undefined,
  targets: ReadonlyMap<string, Descriptor>,
): Promise<readonly Exported[]> {
  const all = [...targets.values()];
  const platforms = all.flatMap(({ platform }) => (platform === undefined ? [] : [platformName(platform)]));
  if (all.length > 1 && new Set(platforms).size === all.length) {
    const index = { schemaVersion: 2, mediaType: ociIndex, manifests: all.map(descriptorToJson) };
    const target = await blobs.put(Buffer.from(JSON.stringify(index)), ociIndex);
    return [{ name: name ?? namelessName(target.digest), target }];
  }
  if (name !== undefined && all.length > 1) {
    throw new ImageError('invalid', `index.json has ${all.length} images of the name ${name}`);
  }
  return all.map((target) => ({ name: name ?? namelessName(target.digest), target }));
}

/** As the name says it from now on. */
function withoutName(descriptor: Descriptor): Descriptor {
  const { annotations, ...rest } = descriptor;
  const left = [...(annotations ?? [])].filter(([key]) => key !== imageName && key !== refName);
  return left.length === 0 ? rest : { ...rest, annotations: new Map(left) };
}

/** @throws ImageError when something of the image is missing or damaged, or when it is none that can run */
async function check(blobs: Blobs, name: string, target: Descriptor): Promise<void> {
  const { manifests } = await findAll(blobs, target, name);
  const why: unknown[] = [];
  for (const { manifest } of manifests) {
    try {
      requireRunnable(manifest, `image ${name}`);
    } catch (error) {
      why.push(error); // an index may hold what is about its images as well
      continue;
    }
    await checkConfig(blobs, name, manifest);
  }
  if (why.length === manifests.length) throw why[0];
}

async function checkConfig(blobs: Blobs, name: string, { config, layers }: Manifest): Promise<void> {
  const bytes = await blobs.read(config, maximumDocument);
  const { diffIds } = parseConfig(bytes.toString(), `image ${name}: ${config.digest}`);
  if (diffIds.length !== layers.length) {
    const counts = `has ${layers.length} layers, its configuration tells of ${diffIds.length}`;
    throw new ImageError('invalid', `image ${name} ${counts}`);
  }
}
