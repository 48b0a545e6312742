import { createReadStream, createWriteStream } from 'node:fs';
import fs from 'node:fs';
import fsPromises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { pipeline } from 'node:stream/promises';

/**
 * Loads an archive, gives names and takes them away, saves, resumes and collects; and is killed before the call on files whose
 * number it is given. Prints how many calls there were when it lives to the end.
 *
 *     node kill-program.js DATA ARCHIVE OUTPUT NUMBER
 */
const [data = '', archive = '', output = '', number = ''] = process.argv.slice(2);

let calls = 0;
const last = Number(number);

/** Never comes back at the last call. */
function step(): void {
  if (++calls === last) process.kill(process.pid, 'SIGKILL');
}

type Functions = Record<string, (...args: never[]) => unknown>;
function count(object: object, names: readonly string[]): void {
  const functions = object as Functions;
  for (const name of names) {
    const original = functions[name];
    if (original === undefined) throw new Error(name);
    functions[name] = function (this: unknown, ...args: never[]): unknown {
      step();
      return Reflect.apply(original, this, args) as unknown;
    };
  }
}

const handle = await fsPromises.open(process.argv[0] ?? '');
const prototype = Object.getPrototypeOf(handle) as FileHandle;
await handle.close();
// A write that is killed may have brought the first half of its bytes.
const write = Reflect.get(prototype, 'write') as (
  this: FileHandle,
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => Promise<unknown>;
Object.assign(prototype, {
  async write(this: FileHandle, buffer: Uint8Array, offset: number, length: number, position: number) {
    if (calls + 1 === last) await write.call(this, buffer, offset, Math.floor(length / 2), position);
    step();
    return write.call(this, buffer, offset, length, position);
  },
});
count(prototype, ['sync', 'truncate']);
count(fsPromises, ['open', 'rename', 'rm']);
count(fs, ['openSync', 'writeSync', 'fsyncSync', 'renameSync', 'rmSync']);
syncBuiltinESMExports();

const { importArchive } = await import('../../../src/image/archive/import.js');
const { exportArchive } = await import('../../../src/image/archive/export.js');
const { openContent } = await import('../../../src/image/content/content.js');
const { blobOf } = await import('./place.js');

const content = await openContent(data);
const images = await importArchive(content.blobs, createReadStream(archive), { where: archive });
for (const { name, target } of images) content.images.set(name, target);
const [first] = images;
if (first === undefined) throw new Error('no image');
content.images.set('docker.io/library/other:1', first.target);
content.leases.set('container/a', [first.target.digest]);
const saved = await exportArchive(content.blobs, [first], { format: 'docker' });
await pipeline(saved, createWriteStream(output));

// A download that stops, and is resumed.
const bytes = Buffer.alloc(100_000, output);
for (;;) {
  const ingest = await content.blobs.ingest(blobOf(bytes));
  if (ingest === undefined) break;
  await ingest.write(bytes.subarray(ingest.offset, ingest.offset < 60_000 ? 60_000 : bytes.length));
  if (ingest.offset === bytes.length) await ingest.commit();
  else await ingest.close();
}
content.images.remove('docker.io/library/other:1');
for (const { name } of images) content.images.remove(name);
content.leases.release('container/a');
await content.close();

const cleaner = await openContent(data);
await cleaner.collect({ stale: -1 });
await cleaner.close();
process.stdout.write(`${calls}\n`);
