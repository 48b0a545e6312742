import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Descriptor } from '../../../src/image/descriptor.js';
import { descriptorToJson } from '../../../src/image/descriptor.js';
import { ociConfig, ociLayer, ociManifest } from '../../../src/image/media-types.js';
import { sha256 } from '../../../src/image/digest.js';
import { inFolder, withContent } from '../content/place.js';
import { FakeRegistry } from './fake.js';
import { json, makeImage } from './images.js';

const program = fileURLToPath(new URL('./pull-program.js', import.meta.url));
const mebi = 1024 * 1024;

test('a pull that is killed is gone on with where it was', (t) =>
  inFolder(async (folder) => {
    const registry = await FakeRegistry.start(t);
    const made = await makeImage(registry.put, { sizes: [4 * mebi] });
    registry.top = made.manifest;
    const [layer] = made.layers;
    assert(layer);
    // Half of the layer comes, and then nothing: that is when the program is killed.
    registry.trick = (request, response) => {
      if (request.url?.endsWith(layer.digest) !== true) return false;
      response.writeHead(200, { 'content-length': layer.size });
      response.write(registry.blobs.get(layer.digest)?.bytes.subarray(0, 2 * mebi));
      return true;
    };
    const args = [program, join(folder, 'data'), `${registry.host}/a:1`];
    const env = { ...process.env, TELL: '1' };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const ended = once(child, 'close');
    createInterface(child.stdout).on('line', (line) => {
      if (line === `${layer.digest} ${2 * mebi} running`) child.kill('SIGKILL');
    });
    assert.deepEqual(await ended, [null, 'SIGKILL']);
    registry.trick = () => false;
    const before = registry.requests.length;
    await promisify(execFile)(process.execPath, args);
    // Documents are there; of the layer only the rest is asked for.
    assert.deepEqual(registry.requests.slice(before), [
      'HEAD /v2/a/manifests/1',
      `GET /v2/a/blobs/${layer.digest}`,
    ]);
    assert.equal(registry.headers.at(-1)?.range, `bytes=${2 * mebi}-`);
    await withContent(
      async ({ blobs, verify }) => {
        assert(await blobs.has(layer));
        assert.deepEqual(await verify(), []);
      },
      join(folder, 'data'),
    );
  }));

/** The largest size, in bytes, of a program that pulls a layer of `size` bytes. */
async function memoryFor(t: TestContext, size: number): Promise<number> {
  const piece = Buffer.alloc(mebi, 'sixteen bytes of.');
  const hash = createHash('sha256');
  for (let done = 0; done < size; done += mebi) hash.update(piece);
  const registry = await FakeRegistry.start(t);
  const layer: Descriptor = { mediaType: ociLayer, digest: `sha256:${hash.digest('hex')}`, size };
  const rootfs = { type: 'layers', diff_ids: [sha256('x')] };
  const config = await registry.put(json({ os: 'linux', architecture: 'amd64', rootfs }), ociConfig);
  const document = { schemaVersion: 2, config: descriptorToJson(config), layers: [descriptorToJson(layer)] };
  registry.top = await registry.put(json(document), ociManifest);
  registry.trick = (request, response) => {
    if (request.url?.endsWith(layer.digest) !== true) return false;
    response.writeHead(200, { 'content-length': size });
    Readable.from(
      (function* () {
        for (let done = 0; done < size; done += mebi) yield piece;
      })(),
    ).pipe(response);
    return true;
  };
  let largest = 0;
  await inFolder(async (folder) => {
    const args = [program, join(folder, 'data'), `${registry.host}/a:1`];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    largest = Number(stdout);
  });
  return largest;
}

/** In MiB; a larger one by the variable LAYER, to look at the figure. */
const largeLayer = Number(process.env['LAYER'] ?? 192);

test('a layer of any size needs the memory of a small one', async (t) => {
  const [small, large] = [await memoryFor(t, 16 * mebi), await memoryFor(t, largeLayer * mebi)];
  t.diagnostic(
    `resident, 16 MiB: ${Math.round(small / mebi)} MiB, ${largeLayer} MiB: ${Math.round(large / mebi)} MiB`,
  );
  assert(large - small < 96 * mebi, `${small} ${large}`);
});
