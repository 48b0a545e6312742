import { parseDescriptor, type Descriptor } from '../descriptor.js';

/**
 * What a document of the store refers to, whatever it calls itself: a manifest's configuration and layers, an index's
 * manifests. What has not that form refers to nothing.
 */
export function childrenOf(document: Uint8Array): readonly Descriptor[] {
  let found: unknown;
  try {
    found = JSON.parse(Buffer.from(document).toString());
  } catch {
    return []; // a layer
  }
  if (typeof found !== 'object' || found === null) return [];
  const { manifests, config, layers } = found as Record<string, unknown>;
  return [manifests, [config], layers].flatMap((list) =>
    Array.isArray(list) ? list.flatMap(descriptor) : [],
  );
}

function descriptor(value: unknown): readonly Descriptor[] {
  try {
    return [parseDescriptor(value, '')];
  } catch {
    return []; // nothing that could be looked for
  }
}
