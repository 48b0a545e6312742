import { readFileSync } from 'node:fs';
import type { Descriptor } from '../descriptor.js';
import { descriptorToJson } from '../descriptor.js';
import { ociIndex } from '../media-types.js';
import { isMissing } from './failure.js';
import type { Layout } from './layout.js';
import { replaceFile } from './write-file.js';

/** The annotation by which tools that read image layouts know an image (image-spec annotations.md). */
export const refName = 'org.opencontainers.image.ref.name';

/** An image of the index: its name, and what it is of. */
export interface IndexEntry {
  readonly name: string;
  readonly target: Descriptor;
}

/** The text of an index.json that names these images (image-spec image-layout.md). */
export function indexText(images: readonly IndexEntry[]): string {
  const manifests = images.map(({ name, target }) =>
    descriptorToJson({ ...target, annotations: new Map([...(target.annotations ?? []), [refName, name]]) }),
  );
  return JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests });
}

/** Writes index.json, unless it says just that: it is there for other tools, this program reads its database. */
export function writeIndex(layout: Layout, images: readonly IndexEntry[]): void {
  const text = indexText(images);
  if (text !== indexOnDisk(layout)) replaceFile(layout, layout.index, text);
}

export function indexOnDisk(layout: Layout): string | undefined {
  try {
    return readFileSync(layout.index, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
