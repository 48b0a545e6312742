import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { exportArchive } from '../../../src/image/archive/export.js';
import { importArchive } from '../../../src/image/archive/import.js';
import { openContent } from '../../../src/image/content/content.js';
import { descriptorToJson } from '../../../src/image/descriptor.js';
import { ociConfig, ociLayer, ociManifest } from '../../../src/image/media-types.js';

/**
 * Makes an image with one large layer, saves it, and loads it elsewhere. Prints the most memory that it ever had, in bytes.
 *
 *     node memory-program.js FOLDER MEBIBYTES
 */
const [folder = '', mebibytes = ''] = process.argv.slice(2);
const [file, name] = [join(folder, 'a.tar'), 'docker.io/library/large:1'];
const timed = async <T>(what: string, work: Promise<T>): Promise<T> => {
  const begin = performance.now();
  const answer = await work;
  process.stderr.write(`${what}: ${Math.round(performance.now() - begin)} ms\n`);
  return answer;
};

const from = await openContent(join(folder, 'from'));
const created = await from.blobs.create();
const block = Buffer.alloc(1024 * 1024);
for (let index = 0; index < Number(mebibytes); index++) {
  block.writeUInt32LE(index);
  await created.write(block);
}
const layer = await created.commit();
const document = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [layer.digest] } };
const config = await from.blobs.put(Buffer.from(JSON.stringify(document)), ociConfig);
const manifest = {
  schemaVersion: 2,
  config: descriptorToJson(config),
  layers: [descriptorToJson({ mediaType: ociLayer, ...layer })],
};
const target = await from.blobs.put(Buffer.from(JSON.stringify(manifest)), ociManifest);
const tar = await exportArchive(from.blobs, [{ name, target }], { format: 'docker' });
await timed('saved', pipeline(tar, createWriteStream(file)));
await from.close();

const to = await openContent(join(folder, 'to'));
const source = createReadStream(file, { highWaterMark: 1024 * 1024 });
const images = await timed('loaded', importArchive(to.blobs, source, { where: file }));
for (const image of images) to.images.set(image.name, image.target);
await to.close();
process.stdout.write(`${process.resourceUsage().maxRSS * 1024}\n`);
