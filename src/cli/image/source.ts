import type { Platform } from '../../image/descriptor.js';
import { hostPlatform, parsePlatformName } from '../../image/platform.js';
import { formatReference, parseReference } from '../../image/reference.js';
import type { Context } from '../command.js';
import type { Root, Source } from '../container/root.js';
import { CliError } from '../error.js';
import { loadImage } from './load.js';
import type { ImageStore } from './open.js';
import { pullImage } from './pull.js';

/** When the registry is asked for an image: if it is not here, always, or never. */
export type PullWhen = 'missing' | 'always' | 'never';

export interface ImageSourceOptions {
  readonly context: Context;
  readonly store: ImageStore;
  readonly platform: string | undefined;
  readonly pull: PullWhen;
}

/** Platforms whose programs this host runs, the best first: FreeBSD runs Linux's as well. */
export function runnablePlatforms(wanted: string | undefined): readonly Platform[] {
  if (wanted !== undefined) return [parsePlatformName(wanted)];
  const host = hostPlatform();
  return host.os === 'freebsd' ? [host, { os: 'linux', architecture: host.architecture }] : [host];
}

/** An image as what a container is made from. @throws CliError, ImageError */
export async function imageSource(word: string, options: ImageSourceOptions): Promise<Source> {
  const { context, store, platform, pull } = options;
  const { content, roots } = store;
  const reference = parseReference(word);
  const name = formatReference(reference);
  const platforms = runnablePlatforms(platform);
  let known = pull === 'always' ? undefined : content.images.get(name);
  if (known === undefined && pull === 'never') {
    throw new CliError(`there is no image ${name} here: pull it with "jailer pull ${word}"`);
  }
  known ??= await pullImage(reference, { context, store, platforms });
  const image = await loadImage(content.blobs, known.target, platforms, name);
  return {
    image: name,
    imageDigest: image.digest,
    execution: image.config.execution,
    os: image.config.platform.os,
    root: async (id): Promise<Root> => {
      // Before the root: what it is made of stays as long as the container does.
      content.leases.set(leaseOf(id), [
        image.digest,
        ...image.layers.map(({ descriptor }) => descriptor.digest),
      ]);
      await roots.prepare(image.layers, content.blobs, { progress: context.progress });
      const { mounts, directory, tree } = await roots.create(id, image.layers);
      return {
        path: directory ?? 'rootfs',
        mounts: mounts.map(({ type, source, options: words }) => ({
          type,
          source,
          target: '',
          options: [...words],
        })),
        tree,
      };
    },
  };
}

/** The lease by which an image stays while a container of it is there. */
export const leaseOf = (id: string): string => `container/${id}`;
