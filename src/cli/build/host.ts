import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildEvent, BuildHost, StepMount } from '../../image/build/host.js';
import { storeLayer, type Layer } from '../../image/build/new-layer.js';
import { formatReference, parseReference } from '../../image/reference.js';
import type { Context } from '../command.js';
import type { Engine } from '../container/engine.js';
import { loadImage } from '../image/load.js';
import type { ImageStore } from '../image/open.js';
import { pullImage } from '../image/pull.js';
import { download } from './download.js';
import { runStep, withStepLock } from './run-step.js';

export interface BuildHostOptions {
  readonly context: Context;
  readonly engine: Engine;
  readonly store: ImageStore;
  readonly report: (event: BuildEvent) => void;
  /** ask the registry for images that are here, too */
  readonly pull: boolean;
  /** seconds since 1970: no time in a layer is later */
  readonly latest: number | undefined;
}

/** Builds on this host: with its images, and with containers of its runtime. */
export function buildHost({ context, engine, store, report, pull, latest }: BuildHostOptions): BuildHost {
  const { content, roots } = store;
  const { blobs, images, leases } = content;
  const prepare = async (layers: readonly Layer[]): Promise<void> => {
    await roots.prepare(layers, blobs, {
      progress: context.progress,
      ...(context.signal && { signal: context.signal }),
    });
  };

  /** One container for each step: what it changed is the layer. */
  const run: BuildHost['run'] = async (layers, platform, step) => {
    const key = `build-${randomBytes(8).toString('hex')}`;
    await prepare(layers);
    return await withStepLock(engine.places, key, async () => {
      try {
        const root = await roots.create(key, layers);
        const exitCode = await runStep({ context, engine, key, root, step, os: platform.os });
        if (exitCode !== 0) return { exitCode };
        const tar = await roots.changes(key, latest);
        return tar === undefined
          ? { exitCode }
          : { exitCode, layer: await storeLayer(tar, blobs, context.signal) };
      } finally {
        await roots.remove(key);
      }
    });
  };

  return {
    blobs,
    resolve: async (name, platform) => {
      const reference = parseReference(name);
      const whole = formatReference(reference);
      const known = pull ? undefined : images.get(whole);
      const image = known ?? (await pullImage(reference, { context, store, platforms: [platform] }));
      return await loadImage(blobs, image.target, [platform], whole);
    },
    tree: async (layers) => {
      await prepare(layers);
      return roots.tree(layers);
    },
    view: async (layers): Promise<StepMount> => {
      await prepare(layers);
      return { destination: '', ...roots.view(layers) };
    },
    run,
    cacheDirectory: async (id) => {
      const name = createHash('sha256').update(id).digest('hex').slice(0, 32);
      const directory = join(engine.places.data, 'build-cache', name);
      await mkdir(directory, { recursive: true, mode: 0o755 });
      return directory;
    },
    download: (url) => download(engine.places, url, context.signal),
    keep: (key, { digest }) => {
      leases.set(key, [digest]);
    },
    report,
  };
}
