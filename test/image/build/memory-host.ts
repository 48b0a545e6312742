import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import type { BuildEvent, BuildHost, Step } from '../../../src/image/build/host.js';
import { layerTar } from '../../../src/image/build/layer-tar.js';
import { storeLayer } from '../../../src/image/build/new-layer.js';
import type { Blobs } from '../../../src/image/content/blobs.js';
import type { Descriptor } from '../../../src/image/descriptor.js';
import { sha256, type Digest } from '../../../src/image/digest.js';
import { ImageError } from '../../../src/image/error.js';
import { layeredTree } from '../../../src/image/tree/layered.js';

/** A host whose blobs lie in memory and whose processes only write down that they ran; `fail` ends with 3. */
export interface MemoryHost extends BuildHost {
  readonly steps: Step[];
  readonly events: BuildEvent[];
  bytes(blob: Descriptor): Buffer;
  document(blob: Descriptor): Record<string, unknown>;
}

export function memoryHost(directory: string): MemoryHost {
  const blobs = new Map<Digest, Buffer>();
  const steps: Step[] = [];
  const events: BuildEvent[] = [];
  const bytes = ({ digest }: { digest: Digest }): Buffer => {
    const found = blobs.get(digest);
    if (found === undefined) throw new ImageError('not-found', digest);
    return found;
  };
  const store: Blobs = {
    has: ({ digest }) => Promise.resolve(blobs.has(digest)),
    path: (digest) => digest,
    read: (blob) => Promise.resolve(bytes(blob)),
    open: (blob) => Readable.from([bytes(blob)]),
    ingest: () => Promise.reject(new ImageError('unsupported', 'ingest')),
    create: () => {
      const chunks: Uint8Array[] = [];
      return Promise.resolve({
        write: (chunk) => {
          chunks.push(Buffer.from(chunk));
          return Promise.resolve();
        },
        commit: () => {
          const whole = Buffer.concat(chunks);
          const digest = sha256(whole);
          blobs.set(digest, whole);
          return Promise.resolve({ digest, size: whole.length });
        },
        abort: () => Promise.resolve(),
      });
    },
    put: (content, mediaType) => {
      const digest = sha256(content);
      blobs.set(digest, Buffer.from(content));
      return Promise.resolve({ mediaType, digest, size: content.length });
    },
  };
  return {
    blobs: store,
    steps,
    events,
    bytes,
    document: (blob) => JSON.parse(bytes(blob).toString()) as Record<string, unknown>,
    resolve: (name) => Promise.reject(new ImageError('not-found', `${name}: there is no such image`)),
    tree: (layers) => {
      const root = mkdtempSync(join(directory, 'root-'));
      const places = layers.map(({ descriptor }, index) => {
        const place = join(root, String(index));
        mkdirSync(place);
        execFileSync('tar', ['-xzf', '-', '-C', place, '--no-same-owner'], { input: bytes(descriptor) });
        return place;
      });
      return Promise.resolve(layeredTree(places.reverse()));
    },
    view: () => Promise.reject(new ImageError('unsupported', 'view')),
    run: async (_layers, _platform, step) => {
      steps.push(step);
      const line = step.args.at(-1) ?? '';
      if (line === 'fail') return { exitCode: 3 };
      const content = { bytes: Buffer.from(line) };
      const path = `ran-${createHash('sha256').update(JSON.stringify(step)).digest('hex').slice(0, 8)}`;
      const item = {
        path,
        mode: 0o644,
        uid: 0,
        gid: 0,
        modified: 1,
        size: content.bytes.length,
        content,
      } as const;
      return { exitCode: 0, layer: await storeLayer(layerTar([{ type: 'file', ...item }]), store) };
    },
    cacheDirectory: (id) => Promise.resolve(join(directory, id)),
    download: () => {
      const path = join(mkdtempSync(join(directory, 'download-')), 'file');
      writeFileSync(path, 'downloaded');
      return Promise.resolve({ path, release: () => Promise.resolve() });
    },
    keep: () => undefined,
    report: (event) => {
      events.push(event);
    },
  };
}

/** The names in a layer, in order. */
export async function layerNames(host: MemoryHost, layer: Descriptor): Promise<readonly string[]> {
  const listed = execFileSync('tar', ['-tf', '-'], {
    input: gunzipSync(host.bytes(layer)),
    encoding: 'utf8',
  });
  return Promise.resolve(listed.split('\n').filter((name) => name !== ''));
}
