import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openLocalKernel } from '../../../src/kernel/local.js';
import { linuxFiles } from '../../../src/kernel/linux/files.js';
import { openContent, type Content } from '../../../src/image/content/content.js';
import { hostLocks } from '../../../src/image/content/file-lock.js';
import { storeLayer, type Layer } from '../../../src/image/build/new-layer.js';
import { treesDiff } from '../../../src/image/layers/diff/trees.js';
import { openRoots } from '../../../src/image/roots/open.js';
import type { Roots } from '../../../src/image/roots/roots.js';
import { listing } from './listing.js';

const linuxRoot = process.platform === 'linux' && process.getuid?.() === 0;
const onOverlay = statfsSync(tmpdir()).type === 0x794c7630;
const kinds = [
  { kind: 'copy', skip: linuxRoot ? false : 'needs Linux and root' },
  {
    kind: 'overlay',
    skip: !linuxRoot
      ? 'needs Linux and root'
      : onOverlay
        ? 'the temporary folder is an overlay itself'
        : false,
  },
] as const;

/** Files of a tree by name: a directory ends in `/`, a symlink's content begins with `->`, a further name's with `=`. */
type Files = Readonly<Record<string, string>>;

function write(root: string, names: Files): void {
  for (const [name, content] of Object.entries(names)) {
    const path = join(root, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (name.endsWith('/')) continue;
    rmSync(path, { force: true, recursive: true });
    if (content.startsWith('->')) symlinkSync(content.slice(2), path);
    else if (content.startsWith('=')) linkSync(join(root, content.slice(1)), path);
    else writeFileSync(path, content);
    if (!content.startsWith('=')) lutimesSync(path, 1_000_000_000.5, 1_000_000_000.25);
  }
}

for (const { kind, skip } of kinds) {
  describe(`roots by ${kind}`, { skip }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'roots-'));
    const kernel = openLocalKernel('koffi');
    assert(kernel.platform === 'linux');
    const files = linuxFiles(kernel);
    const locks = hostLocks();
    let content: Content;
    let roots: Roots;
    const mounted: string[] = [];

    before(async () => {
      content = await openContent(join(directory, 'data'));
      roots = await openRoots({ directory: join(directory, 'data/roots'), locks, files, kind });
    });
    after(async () => {
      for (const path of mounted) execFileSync('umount', [path]);
      await roots.close();
      await content.close();
      locks.close();
      kernel.close();
      rmSync(directory, { recursive: true });
    });

    let trees = 0;
    async function layerOf(names: Files): Promise<Layer> {
      trees += 1;
      const root = join(directory, `tree-${trees}`);
      mkdirSync(root);
      write(root, names);
      const tar = treesDiff(files, undefined, root);
      assert(tar !== undefined);
      return await storeLayer(tar, content.blobs);
    }

    /** Where a container's root can be looked at and changed. */
    async function opened(key: string): Promise<string> {
      const { directory: whole, mounts } = await roots.open(key);
      if (whole !== undefined) return whole;
      const [mount] = mounts;
      assert(mount !== undefined);
      const at = join(directory, `mount-${key}`);
      mkdirSync(at, { recursive: true });
      const bind = mount.options.includes('rbind') ? ['--rbind'] : ['-t', mount.type];
      const options = mount.options.filter((option) => option !== 'rbind').join(',');
      execFileSync('mount', [...bind, '-o', options, mount.source, at]);
      mounted.push(at);
      return at;
    }
    function closed(key: string): void {
      const at = join(directory, `mount-${key}`);
      if (!mounted.includes(at)) return;
      execFileSync('umount', [at]);
      mounted.splice(mounted.indexOf(at), 1);
    }

    test('layers lie one upon the other, and a container changes only its own', async () => {
      const layers = [
        await layerOf({ 'etc/a': 'low', 'etc/b': 'low', 'bin/sh': 'sh', 'bin/ash': '=bin/sh', 'empty/': '' }),
        await layerOf({ 'etc/a': 'high', lib: '->bin' }),
      ];
      await roots.prepare(layers, content.blobs);
      const { tree } = await roots.create('one', layers);
      assert.deepEqual(tree.list(''), ['bin', 'empty', 'etc', 'lib']);
      assert.equal(tree.lookup('etc/a')?.size, 4);
      const root = await opened('one');
      assert.deepEqual(readdirSync(join(root, 'etc')).sort(), ['a', 'b']);
      assert.equal(statSync(root).mode & 0o7777, 0o755, 'everybody may look into the root');
      writeFileSync(join(root, 'etc/a'), 'mine');
      rmSync(join(root, 'bin/sh'));
      closed('one');
      await roots.create('two', layers);
      const other = await opened('two');
      assert.equal(execFileSync('cat', [join(other, 'etc/a')]).toString(), 'high');
      assert(existsSync(join(other, 'bin/sh')));
      closed('two');
      await assert.rejects(roots.create('one', layers), { kind: 'already-exists' });
      await roots.remove('one');
      await roots.remove('two');
      assert.deepEqual(await roots.keys(), []);
    });

    test('what a container changed becomes a layer that changes others alike', async () => {
      const base = await layerOf({
        keep: 'k',
        gone: 'g',
        'dir/x': 'x',
        'dir/y': 'y',
        'replaced/old': 'o',
        'file-to-dir': 'f',
        'dir-to-file/in': 'i',
        'hard/one': '1',
        'hard/two': '=hard/one',
        'opaque/old': 'o',
        touched: 't',
      });
      await roots.prepare([base], content.blobs);
      await roots.create('work', [base]);
      const root = await opened('work');
      rmSync(join(root, 'gone'));
      rmSync(join(root, 'dir/x'));
      rmSync(join(root, 'dir-to-file'), { recursive: true });
      rmSync(join(root, 'opaque'), { recursive: true });
      rmSync(join(root, 'file-to-dir'));
      write(root, {
        'new/deep/file': 'n',
        'new/link': '->deep',
        'new/again': '=new/deep/file',
        'dir-to-file': 'now a file',
        'file-to-dir/in': 'now a directory',
        'opaque/new': 'n',
        keep: 'K',
      });
      chmodSync(join(root, 'dir/y'), 0o4711);
      files.setAttribute(Buffer.from(join(root, 'dir/y')), 'user.note', Buffer.from([0, 1, 255]));
      renameSync(join(root, 'hard/one'), join(root, 'hard/three'));
      files.makeFifo(Buffer.from(join(root, 'fifo')));
      files.makeDevice(Buffer.from(join(root, 'device')), 'character', 1, 3);
      const expected = listing(files, root);
      closed('work');

      const tar = await roots.changes('work');
      assert(tar !== undefined);
      const layer = await storeLayer(tar, content.blobs);
      await roots.prepare([base, layer], content.blobs);
      await roots.create('check', [base, layer]);
      const again = await opened('check');
      assert.deepEqual(listing(files, again), expected);
      closed('check');
      await roots.remove('work');
      await roots.remove('check');
    });

    test('a container that changed nothing makes no layer', async () => {
      const base = await layerOf({ a: 'a' });
      await roots.prepare([base], content.blobs);
      await roots.create('idle', [base]);
      await opened('idle');
      closed('idle');
      assert.equal(await roots.changes('idle'), undefined);
      await roots.remove('idle');
    });

    test('what is needed stays, and the rest is collected', async () => {
      const [kept, used, held, unneeded] = [
        [await layerOf({ a: 'kept' })],
        [await layerOf({ a: 'used' })],
        [await layerOf({ a: 'held' })],
        [await layerOf({ a: 'unneeded' })],
      ];
      const other = await openRoots({ directory: join(directory, 'data/roots'), locks, files, kind });
      for (const layers of [kept, used, unneeded]) await other.prepare(layers, content.blobs);
      await other.create('user', used);
      await other.close();
      const holder = await openRoots({ directory: join(directory, 'data/roots'), locks, files, kind });
      await holder.prepare(held, content.blobs);
      await roots.collect([kept]);
      for (const layers of [kept, used, held]) assert.equal(roots.tree(layers).lookup('a')?.type, 'file');
      assert.equal(roots.tree(unneeded).lookup('a'), undefined);
      await holder.close();
      await roots.collect([]);
      assert.equal(roots.tree(held).lookup('a'), undefined);
      assert.equal(roots.tree(used).lookup('a')?.type, 'file');
      await roots.remove('user');
      await roots.collect([]);
      assert.equal(roots.tree(used).lookup('a'), undefined);
    });

    test('a layer with another digest leaves nothing', async () => {
      const layer = await layerOf({ a: 'a' });
      const { diffId } = await layerOf({ a: 'b' });
      const wrong = [{ ...layer, diffId }];
      await assert.rejects(roots.prepare(wrong, content.blobs), { kind: 'corrupt' });
      assert.equal(roots.tree(wrong).lookup('a'), undefined);
    });
  });
}
