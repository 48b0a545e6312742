/**
 * The time that it takes to save an image of 300 MB to an archive and to load it again, by jailer and by skopeo, each in a
 * process of its own. jailer brings what it loads to the disk before it says so; skopeo leaves that to the kernel.
 *
 *   node build/test/bench/archives.js [ROUNDS [MEGABYTES]]
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { openContent } from '../../src/image/content/content.js';
import { descriptorToJson } from '../../src/image/descriptor.js';
import { ociConfig, ociLayer, ociManifest } from '../../src/image/media-types.js';
import { machine } from './machine.js';
import { markdown, median } from './statistics.js';

const name = 'docker.io/library/large:1';
const program = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** An image of three layers that are as if compressed. */
async function makeImage(data: string, megabytes: number): Promise<void> {
  const content = await openContent(data);
  const [layers, diffIds]: [object[], string[]] = [[], []];
  for (let index = 0; index < 3; index++) {
    const tar = randomBytes((megabytes / 3) * 1e6);
    diffIds.push(`sha256:${createHash('sha256').update(tar).digest('hex')}`);
    layers.push(descriptorToJson(await content.blobs.put(gzipSync(tar, { level: 0 }), `${ociLayer}+gzip`)));
  }
  const document = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: diffIds } };
  const config = await content.blobs.put(Buffer.from(JSON.stringify(document)), ociConfig);
  const manifest = { schemaVersion: 2, mediaType: ociManifest, config: descriptorToJson(config), layers };
  content.images.set(name, await content.blobs.put(Buffer.from(JSON.stringify(manifest)), ociManifest));
  await content.close();
}

async function main(rounds: number, megabytes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'archives-bench-'));
  const [from, to, other, file] = ['from', 'to', 'other', 'a.tar'].map((each) => join(folder, each)) as [
    ...[string, string, string, string],
  ];
  const run = (command: string, args: readonly string[]): number => {
    const start = performance.now();
    execFileSync(command, args, { stdio: 'pipe' });
    const taken = performance.now() - start;
    execFileSync('sync');
    return taken;
  };
  const jailer = (data: string, ...args: string[]): number =>
    run(process.execPath, [program, '--data-dir', data, ...args]);
  const skopeo = (source: string, target: string): number =>
    run('skopeo', ['--insecure-policy', 'copy', '--preserve-digests', source, target]);
  const [saved, savedThere, loaded, loadedThere]: [number[], number[], number[], number[]] = [[], [], [], []];
  try {
    console.log(`${machine([['skopeo', '--version']]).join('\n')}\n`);
    await makeImage(from, megabytes);
    for (let round = 0; round < rounds; round++) {
      savedThere.push(skopeo(`oci:${from}:${name}`, `oci-archive:${file}:${name}`));
      rmSync(file);
      saved.push(jailer(from, 'save', '-o', file, name));
      loadedThere.push(skopeo(`oci-archive:${file}:${name}`, `oci:${other}:${name}`));
      loaded.push(jailer(to, 'load', file));
      for (const path of [other, to, file]) rmSync(path, { recursive: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const row = (what: string, theirs: readonly number[], ours: readonly number[]): string[] => [
    what,
    `${median(theirs).toFixed(0)} ms`,
    `${median(ours).toFixed(0)} ms`,
    (median(theirs) / median(ours)).toFixed(2),
  ];
  console.log(
    markdown([
      [`an image of ${megabytes} MB`, 'skopeo', 'jailer', 'speed'],
      row('save', savedThere, saved),
      row('load', loadedThere, loaded),
    ]),
  );
}

const [rounds = '5', megabytes = '300'] = process.argv.slice(2);
await main(Number(rounds), Number(megabytes));
