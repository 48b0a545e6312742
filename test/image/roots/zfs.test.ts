import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { storeLayer, type Layer } from '../../../src/image/build/new-layer.js';
import { openContent, type Content } from '../../../src/image/content/content.js';
import { hostLocks } from '../../../src/image/content/file-lock.js';
import { treesDiff } from '../../../src/image/layers/diff/trees.js';
import { chainsOf } from '../../../src/image/roots/chain.js';
import { placesIn, stateName } from '../../../src/image/roots/places.js';
import type { Roots } from '../../../src/image/roots/roots.js';
import { zfsRoots } from '../../../src/image/roots/zfs.js';
import { files } from '../layers/sandbox.js';
import { FakeZfs } from './fake-zfs.js';

const skip = process.getuid?.() === 0 ? false : 'needs root, to give files to their owners';

describe('roots by ZFS, with directories in place of datasets', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'zfs-roots-'));
  const places = placesIn(directory, 'zfs');
  const locks = hostLocks();
  const parents = ['tank/r', 'tank/r/unpacked', 'tank/r/containers'];
  let zfs: FakeZfs;
  let content: Content;
  let roots: Roots;

  before(async () => {
    for (const path of [places.unpacked, places.containers, join(directory, 'store')])
      mkdirSync(path, { recursive: true });
    content = await openContent(join(directory, 'data'));
    zfs = new FakeZfs(files, join(directory, 'store'), parents);
    roots = zfsRoots({ places, locks, files }, 'tank/r', zfs.run);
  });
  after(async () => {
    await roots.close();
    await content.close();
    locks.close();
    rmSync(directory, { recursive: true });
  });

  let trees = 0;
  const layerOf = async (name: string, text: string): Promise<Layer> => {
    const root = join(directory, `tree-${trees++}`);
    mkdirSync(root);
    writeFileSync(join(root, name), text);
    return await storeLayer(treesDiff(files, undefined, root) ?? assert.fail(), content.blobs);
  };
  const reopened = async (): Promise<void> => {
    await roots.close();
    roots = zfsRoots({ places, locks, files }, 'tank/r', zfs.run);
  };

  it('makes a dataset with a snapshot for each image, a clone for each container, and removes them', async () => {
    const low = [await layerOf('a', 'low')];
    const high = [...low, await layerOf('b', 'high')];
    await roots.prepare(low, content.blobs);
    zfs.commands.length = 0;
    await roots.prepare(high, content.blobs);
    await roots.prepare(high, content.blobs);
    const [below, above] = chainsOf(high).map(stateName);
    assert.ok(below !== undefined && above !== undefined);
    const made = zfs.commands.filter((line) => !line.startsWith('list'));
    assert.deepEqual(made, [
      `clone -o mountpoint=${join(places.unpacked, above)} tank/r/unpacked/${below}@whole tank/r/unpacked/${above}`,
      `snapshot tank/r/unpacked/${above}@whole`,
    ]);
    const { directory: root } = await roots.create('c1', high);
    assert.equal(readFileSync(join(root ?? '', 'a'), 'utf8'), 'low');
    writeFileSync(join(root ?? '', 'a'), 'changed');
    assert.notEqual(await roots.changes('c1'), undefined);
    await reopened();
    await roots.collect([]);
    assert.equal(roots.tree(high).lookup('b')?.type, 'file', 'what a container needs was collected');
    await roots.remove('c1');
    await roots.collect([]);
    await roots.collect([]);
    assert.deepEqual(zfs.names(), [...parents].sort());
  });

  it('leaves what others were cloned from as it is, with its files', async () => {
    const low = [await layerOf('c', 'low')];
    const high = [...low, await layerOf('d', 'high')];
    await roots.prepare(low, content.blobs);
    await roots.prepare(high, content.blobs);
    await reopened();
    zfs.oldestFirst = true;
    await roots.collect([]);
    assert.deepEqual(
      zfs.names().filter((name) => name.startsWith('tank/r/unpacked/')),
      [
        `tank/r/unpacked/${stateName(chainsOf(low)[0] ?? assert.fail())}`,
        `tank/r/unpacked/${stateName(chainsOf(low)[0] ?? assert.fail())}@whole`,
      ],
    );
    assert.equal(roots.tree(low).lookup('c')?.type, 'file');
    await roots.collect([]);
    assert.deepEqual(zfs.names(), [...parents].sort());
  });

  it('leaves nothing of what failed', async () => {
    const layers = [await layerOf('e', 'e')];
    zfs.failing = 'snapshot';
    await assert.rejects(roots.prepare(layers, content.blobs), { kind: 'failed' });
    assert.deepEqual(zfs.names(), [...parents].sort());
    await roots.prepare(layers, content.blobs);
    zfs.failing = 'clone';
    await assert.rejects(roots.create('c2', layers), { kind: 'failed' });
    assert.equal(existsSync(join(places.containers, 'c2')), false);
    assert.deepEqual(await roots.keys(), []);
  });
});
