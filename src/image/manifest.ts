import { parseDescriptor, type Descriptor } from './descriptor.js';
import { ImageError } from './error.js';
import { array, map, optional, parseJson, text, type JsonObject } from './fields.js';
import { compressionOf, isConfig, isIndex, isManifest } from './media-types.js';

/** A document of more bytes is refused, as registries do. */
export const maximumDocument = 4 * 1024 * 1024;

/** One image: its configuration and its layers, base first (image-spec manifest.md). */
export interface Manifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: ReadonlyMap<string, string>;
}

/** The same image for several platforms (image-spec image-index.md). */
export interface Index {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly annotations: ReadonlyMap<string, string>;
}

/**
 * Reads a manifest or an index, of OCI or of Docker.
 *
 * `mediaType` is what the descriptor or the registry said; a document that says another of itself is refused, since
 * readers who trust different ones would see different images (CVE-2021-41190).
 *
 * @throws ImageError invalid, naming the member; unsupported when it is neither
 */
export function parseManifest(
  document: string,
  mediaType: string | undefined,
  where: string,
): Manifest | Index {
  const found = parseJson(document, where);
  const type = typeOf(found, mediaType, where);
  const annotations =
    optional(found['annotations'], `${where}: annotations`, (v, w) => map(v, w, text)) ??
    new Map<string, string>();
  if (isIndex(type)) {
    const manifests = array(found['manifests'], `${where}: manifests`, parseDescriptor);
    return { kind: 'index', mediaType: type, manifests, annotations };
  }
  const config = parseDescriptor(found['config'], `${where}: config`);
  const layers = array(found['layers'], `${where}: layers`, parseDescriptor);
  return { kind: 'manifest', mediaType: type, config, layers, annotations };
}

/** What a document is, by what is told of it, by what it says of itself, and by what it holds. */
function typeOf(found: JsonObject, told: string | undefined, where: string): string {
  const said = optional(found['mediaType'], `${where}: mediaType`, text);
  const type = said ?? told ?? '';
  if (said !== undefined && told !== undefined && said !== told) {
    throw new ImageError('invalid', `${where} is a ${said}, but came as a ${told}`);
  }
  if (!isIndex(type) && !isManifest(type)) {
    throw new ImageError('unsupported', `${where} is a ${JSON.stringify(type.slice(0, 100))}, no image`);
  }
  const foreign = isIndex(type) ? ['config', 'layers', 'fsLayers'] : ['manifests', 'fsLayers'];
  const other = foreign.find((member) => found[member] !== undefined);
  if (other !== undefined) throw new ImageError('invalid', `${where} is a ${type}, but has ${other}`);
  return type;
}

/** Refuses what has the form of an image, but is none that can run: a chart, a signature, encrypted layers. @throws ImageError unsupported */
export function requireRunnable(manifest: Manifest, where: string): void {
  if (!isConfig(manifest.config.mediaType)) {
    throw new ImageError(
      'unsupported',
      `${where} holds a ${manifest.config.mediaType}, not a container's image`,
    );
  }
  const strange = manifest.layers.find((layer) => compressionOf(layer.mediaType) === undefined);
  if (strange) throw new ImageError('unsupported', `${where} has a layer of type ${strange.mediaType}`);
}
