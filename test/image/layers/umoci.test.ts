import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { hexOf, type Digest } from '../../../src/image/digest.js';
import { parseManifest } from '../../../src/image/manifest.js';
import { unpack } from '../../../src/image/layers/unpack.js';
import { writeLayout, type LayoutLayer } from './layout.js';
import { files, temporary } from './sandbox.js';
import { tarOf, type Made } from './tar-builder.js';
import { listTree } from './tree-listing.js';

const missing =
  process.getuid?.() !== 0
    ? 'needs root'
    : spawnSync('umoci', ['--version']).error !== undefined
      ? 'umoci is not installed'
      : false;

const directory = (name: string, more: Partial<Made> = {}): Made => ({
  name,
  type: '5',
  mode: 0o755,
  ...more,
});
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');

const base = tarOf(
  directory('./', { mtime: 1_500_000_000 }),
  directory('bin/'),
  { name: 'bin/su', mode: 0o4755, uid: 10, gid: 20, body: 'su', mtime: 1_400_000_001 },
  { name: 'bin/wall', mode: 0o2755, uid: 0, gid: 5, body: 'wall' },
  { name: 'bin/sudo', type: '1', link: 'bin/su' },
  { name: 'bin/sh', type: '2', link: 'su', uid: 1, gid: 2 },
  directory('tmp/', { mode: 0o1777 }),
  directory('dev/'),
  { name: 'dev/null', type: '3', mode: 0o666, major: 1, minor: 3 },
  { name: 'dev/sda', type: '4', mode: 0o660, gid: 6, major: 8, minor: 300 },
  { name: 'dev/fifo', type: '6', mode: 0o622 },
  directory('usr/lib/', { mtime: 1_000_000_007, pax: { 'SCHILY.xattr.user.layer': 'base' } }),
  { name: 'lib', type: '2', link: 'usr/lib' },
  { name: 'usr/lib/a', body: 'a' },
  { name: 'usr/lib/b', body: 'b' },
  directory('etc/', { mode: 0o700, uid: 33, gid: 33 }),
  { name: 'etc/one', body: 'one' },
  { name: 'etc/two', body: 'two' },
  { name: 'etc/three', type: '2', link: '/nowhere/at/all' },
  directory('var/'),
  directory('var/cache/'),
  { name: 'var/cache/x', body: 'x' },
  { name: 'var/cache/y', body: 'y' },
  directory('var/deep/'),
  directory('var/deep/er/'),
  { name: 'var/deep/er/z', body: 'z' },
  { name: 'exact', body: 'x', pax: { mtime: '1234567890.123456789', uid: '3000000', gid: '4000000' } },
  { name: 'ping', mode: 0o755, pax: { 'SCHILY.xattr.security.capability': capability } },
  { name: 'noted', pax: { 'SCHILY.xattr.user.note': Buffer.from([0, 255, 10, 61]) } },
  { name: 'capable', mode: 0o755, pax: { 'SCHILY.xattr.security.capability': capability } },
  { name: 'short', pax: { path: `long/${'directory/'.repeat(20)}${'n'.repeat(200)}` }, body: 'long' },
  { name: '././@LongLink', type: 'L', body: `gnu/${'g'.repeat(180)}\0`, gnu: true },
  { name: 'cut', body: 'gnu', gnu: true },
  { name: 'bytes-\xff\xfe', body: 'no UTF-8' },
  { name: 'utf8-\xc3\xa9', body: 'UTF-8' },
  { name: 'twice', body: 'first' },
  { name: 'twice', body: 'second' },
  { name: 'before-1970', mtime: 0, pax: { mtime: '-1.5' } },
);

const changes = tarOf(
  directory('bin/', { mtime: 1_600_000_001 }),
  { name: 'bin/new', body: 'new', mode: 0o755 },
  { name: 'bin/.wh.sh' },
  { name: 'etc/.wh.one' },
  { name: 'etc/two', body: 'other', mode: 0o640 },
  { name: 'lib/c', body: 'below a link' },
  { name: 'var/cache/z', body: 'z' },
  { name: 'var/cache/.wh..wh..opq' },
  { name: 'usr/lib/linked', type: '1', link: 'usr/lib/a' },
  directory('usr/lib/', { mode: 0o711, mtime: 1_700_000_000 }),
  { name: 'var/deep', body: 'a file instead of a directory' },
  directory('noted/'),
  { name: 'noted/below', body: 'below what was a file' },
  { name: 'twice', type: '2', link: 'exact' },
);

const more = tarOf(
  { name: 'var/.wh.cache' },
  { name: 'bin/.wh.su' },
  { name: '.wh.nothing' },
  directory('opaque/'),
  { name: 'opaque/.wh..wh..opq' },
  { name: 'opaque/kept' },
  { name: 'ping', mode: 0o4711, body: 'without capabilities' },
);

/** The same layers as skopeo compresses them. */
function zstdLayers(
  folder: string,
  layout: string,
  layers: readonly LayoutLayer[],
): { path: string; diffId: Digest }[] {
  const copy = join(folder, 'zstd');
  const compression = ['--dest-compress', '--dest-compress-format', 'zstd'];
  execFileSync('skopeo', ['copy', ...compression, `oci:${layout}:image`, `dir:${copy}`], { stdio: 'pipe' });
  const manifest = parseManifest(readFileSync(join(copy, 'manifest.json'), 'utf8'), undefined, 'manifest');
  assert.ok(manifest.kind === 'manifest');
  return manifest.layers.map(({ mediaType, digest }, index) => {
    assert.match(mediaType, /zstd$/);
    return { path: join(copy, hexOf(digest)), diffId: layers[index]?.diffId ?? digest };
  });
}

describe('unpack beside umoci', { skip: missing }, () => {
  it('makes the same tree of the same image, entry by entry', async () => {
    const folder = temporary();
    const layout = join(folder, 'layout');
    const layers = writeLayout(layout, [base, changes, more]);
    const theirs = join(folder, 'theirs');
    execFileSync('umoci', ['raw', 'unpack', '--image', `${layout}:image`, theirs], { stdio: 'pipe' });
    const ours = join(folder, 'ours');
    mkdirSync(ours);
    for (const { path, diffId } of layers) {
      await unpack(createReadStream(path), 'gzip', ours, {
        files,
        whiteouts: 'remove',
        expectDiffId: diffId,
      });
    }
    // Not compared: the times of directories that the image only implies, and of the root, which umoci does not set back
    // when a later layer puts something there.
    const implied = /^\/(?:|usr|long|gnu|long\/.*directory) /;
    const lines = (root: string): string[] =>
      listTree(files, root).map((line) => (implied.test(line) ? line.replace(/ \d{19} /, ' ') : line));
    assert.deepEqual(lines(ours), lines(theirs));
    if (spawnSync('skopeo', ['--version']).error === undefined) {
      const again = join(folder, 'again');
      mkdirSync(again);
      for (const { path, diffId } of zstdLayers(folder, layout, layers)) {
        await unpack(createReadStream(path), 'zstd', again, {
          files,
          whiteouts: 'remove',
          expectDiffId: diffId,
        });
      }
      assert.deepEqual(lines(again), lines(theirs));
    }
    assert.match(lines(ours).join('\n'), /^\/capable .*security\.capability=01000002/m);
  });
});
