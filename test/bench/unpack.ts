/**
 * The time that it takes to unpack an image of about 300 MB in three layers, by this program and by umoci, each in a process of
 * its own; and how long only reading such tars takes, here and with tar-stream.
 *
 *   node build/test/bench/unpack.js [ROUNDS [MEBIBYTES]]
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { usualLimits } from '../../src/image/layers/limits.js';
import { TarReader } from '../../src/image/layers/tar/reader.js';
import { unpack } from '../../src/image/layers/unpack.js';
import { openLocalKernel } from '../../src/kernel/local.js';
import { openFiles } from '../../src/kernel/open-files.js';
import { writeLayout } from '../image/layers/layout.js';
import { packageLayer } from '../image/layers/package-layer.js';
import { machine } from './machine.js';
import { markdown, median } from './statistics.js';

const UNPACK = 'unpack';
const chunk = 1 << 18;

async function main([first, ...rest]: string[]): Promise<void> {
  if (first === UNPACK) await unpackAll(rest);
  else await compare(Number(first ?? 5), Number(rest[0] ?? 300));
}

/** What is measured, in a process of its own. @param layers PATH=DIFFID */
async function unpackAll([root = '', ...layers]: string[]): Promise<void> {
  const kernel = openLocalKernel('koffi');
  const files = await openFiles(kernel);
  mkdirSync(root);
  for (const layer of layers) {
    const [path = '', diffId = ''] = layer.split('=');
    await unpack(createReadStream(path, { highWaterMark: chunk }), 'gzip', root, {
      files,
      whiteouts: 'remove',
      expectDiffId: `sha256:${diffId}`,
    });
  }
  kernel.close();
}

async function compare(rounds: number, mebibytes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'unpack-bench-'));
  try {
    const tars = [0, 1, 2].map((layer) => packageLayer(layer, (mebibytes / 3) * 1024 * 1024));
    console.log(machine([['umoci', '--version']]).join('\n'));
    const entries = tars.reduce((sum, tar) => sum + read(tar).entries, 0);
    const megabytes = tars.reduce((sum, tar) => sum + tar.byteLength, 0) / 1e6;
    console.log(`image: ${tars.length} layers, ${entries} entries, ${megabytes.toFixed(0)} MB\n`);
    console.log(unpacking(folder, tars, rounds));
    console.log(`\n${await reading(tars, rounds)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ms = (value: number): string => `${value.toFixed(0)} ms`;

function unpacking(folder: string, tars: readonly Buffer[], rounds: number): string {
  const layout = join(folder, 'layout');
  const layers = writeLayout(layout, tars).map(({ path, diffId }) => `${path}=${diffId.slice(7)}`);
  const [node, script] = process.argv as [string, string];
  const root = join(folder, 'root');
  const run = (file: string, args: string[]): number => {
    const start = performance.now();
    execFileSync(file, args, { stdio: 'pipe' });
    const taken = performance.now() - start;
    rmSync(root, { recursive: true });
    execFileSync('sync');
    return taken;
  };
  const [ours, umoci]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    ours.push(run(node, [script, UNPACK, root, ...layers]));
    umoci.push(run('umoci', ['raw', 'unpack', '--image', `${layout}:image`, root]));
  }
  return markdown([
    ['unpacking', 'median', 'best', 'speed'],
    ['umoci', ms(median(umoci)), ms(Math.min(...umoci)), '1'],
    ['this program', ms(median(ours)), ms(Math.min(...ours)), (median(umoci) / median(ours)).toFixed(2)],
  ]);
}

async function reading(tars: readonly Buffer[], rounds: number): Promise<string> {
  const [ours, tarStream]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    for (const tar of tars) read(tar);
    const between = performance.now();
    for (const tar of tars) await readWithTarStream(tar);
    ours.push(between - start);
    tarStream.push(performance.now() - between);
  }
  return markdown([
    ['reading the tars only', 'median', 'speed'],
    ['tar-stream', ms(median(tarStream)), '1'],
    ['this program', ms(median(ours)), (median(tarStream) / median(ours)).toFixed(2)],
  ]);
}

function read(tar: Buffer): { readonly entries: number } {
  const reader = new TarReader(usualLimits);
  let entries = 0;
  for (let at = 0; at < tar.byteLength; at += chunk) {
    reader.feed(tar.subarray(at, at + chunk));
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      if (event.kind === 'entry') entries++;
    }
  }
  return { entries };
}

type Extract = Writable & AsyncIterable<AsyncIterable<Buffer>>;
const { extract } = createRequire(import.meta.url)('tar-stream') as { extract: () => Extract };

async function readWithTarStream(tar: Buffer): Promise<number> {
  const reader = extract();
  for (let at = 0; at < tar.byteLength; at += chunk) reader.write(tar.subarray(at, at + chunk));
  reader.end();
  let bytes = 0;
  for await (const entry of reader) for await (const data of entry) bytes += data.byteLength;
  return bytes;
}

await main(process.argv.slice(2));
