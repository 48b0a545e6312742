import { parseDigest, type Digest } from './digest.js';
import { array, count, map, object, optional, text } from './fields.js';

/** What an image was made for (image-spec image-index.md, "platform"). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
  readonly osFeatures?: readonly string[];
}

/** A pointer to a blob (image-spec descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** bytes */
  readonly size: number;
  readonly annotations?: ReadonlyMap<string, string>;
  /** only in an index */
  readonly platform?: Platform;
  /** where else the blob may be had */
  readonly urls?: readonly string[];
}

/** @throws ImageError invalid, naming the member */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  const found = object(value, where);
  const annotations = optional(found['annotations'], `${where}.annotations`, (v, w) => map(v, w, text));
  const platform = optional(found['platform'], `${where}.platform`, parsePlatform);
  const urls = optional(found['urls'], `${where}.urls`, (v, w) => array(v, w, text));
  return {
    mediaType: text(found['mediaType'], `${where}.mediaType`),
    digest: parseDigest(found['digest'], `${where}.digest`),
    size: count(found['size'], `${where}.size`),
    ...(annotations && { annotations }),
    ...(platform && { platform }),
    ...(urls && { urls }),
  };
}

/** @throws ImageError invalid, naming the member */
export function parsePlatform(value: unknown, where: string): Platform {
  const found = object(value, where);
  const variant = optional(found['variant'], `${where}.variant`, text);
  const osVersion = optional(found['os.version'], `${where}.os.version`, text);
  const features = optional(found['os.features'], `${where}.os.features`, (v, w) => array(v, w, text));
  return {
    os: optional(found['os'], `${where}.os`, text) ?? '',
    architecture: optional(found['architecture'], `${where}.architecture`, text) ?? '',
    ...(variant !== undefined && variant !== '' && { variant }),
    ...(osVersion !== undefined && osVersion !== '' && { osVersion }),
    ...(features && { osFeatures: features }),
  };
}

/** As JSON has it. */
export function descriptorToJson(descriptor: Descriptor): Record<string, unknown> {
  const { annotations, platform, urls } = descriptor;
  return {
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    ...(urls && { urls }),
    ...(annotations && { annotations: Object.fromEntries(annotations) }),
    ...(platform && { platform: platformToJson(platform) }),
  };
}

export function platformToJson(platform: Platform): Record<string, unknown> {
  return {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.osVersion !== undefined && { 'os.version': platform.osVersion }),
    ...(platform.osFeatures !== undefined && { 'os.features': platform.osFeatures }),
    ...(platform.variant !== undefined && { variant: platform.variant }),
  };
}
