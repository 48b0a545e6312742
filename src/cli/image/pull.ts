import type { Platform } from '../../image/descriptor.js';
import type { Image } from '../../image/content/images.js';
import { formatReference, type Reference } from '../../image/reference.js';
import type { FindCredentials } from '../../image/registry/credentials/credentials.js';
import { credentialsFrom, authFilePaths } from '../../image/registry/credentials/find.js';
import { RegistryClient } from '../../image/registry/client.js';
import { pull } from '../../image/registry/pull.js';
import type { Context } from '../command.js';
import type { ImageStore } from './open.js';
import { registrySettings } from './registries.js';

/** Talks to registries as the configuration and the environment say. To be closed. */
export function openRegistryClient(
  context: Context,
  credentials: FindCredentials = credentialsFrom(authFilePaths(process.env), process.env),
): RegistryClient {
  return new RegistryClient({
    settings: registrySettings(),
    credentials,
    environment: process.env,
    warn: (line) => {
      context.tell(`jailer: ${line}`);
    },
  });
}

/** Pulls an image, and gives it its name. @throws ImageError */
export async function pullImage(
  reference: Reference,
  { context, store, platforms }: { context: Context; store: ImageStore; platforms: readonly Platform[] },
): Promise<Image> {
  const { blobs, images } = store.content;
  const client = openRegistryClient(context);
  try {
    const options = { client, blobs, platforms, progress: context.progress };
    const target = await pull(reference, { ...options, ...(context.signal && { signal: context.signal }) });
    const name = formatReference(reference);
    images.set(name, target);
    return { name, target, created: new Date() };
  } finally {
    await client.close();
  }
}
