import assert from 'node:assert/strict';
import { chmodSync, linkSync, mkdirSync, rmSync, statfsSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { overlayDiff } from '../../../src/image/layers/diff/overlay.js';
import { treesDiff } from '../../../src/image/layers/diff/trees.js';
import { copyTree } from '../../../src/image/roots/copy-tree.js';
import { mount, unmount } from '../../../src/kernel/linux/mount.js';
import { mutate, randomOf } from './random-tree.js';
import { apply, files, kernel, temporary } from './sandbox.js';
import { listTree } from './tree-listing.js';

const skip = process.getuid?.() === 0 ? false : 'needs root, to give files away and to mount';

// An upper directory cannot lie on an overlay (linux/magic.h).
const noOverlay =
  statfsSync(tmpdir()).type === 0x794c7630 ? 'the temporary folder is an overlay itself' : false;

const bytesOf = async (tar: Readable | undefined): Promise<Buffer> =>
  tar === undefined ? Buffer.alloc(1024) : await buffer(tar);

/** The root itself is not part of a layer here. */
const inside = (root: string): string[] => listTree(files, root).slice(1);

function copy(from: string, to: string): string {
  mkdirSync(to);
  copyTree(files, from, to, false);
  return to;
}

describe('a layer of what changed', { skip }, () => {
  const first = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9));
  const seeds = Array.from({ length: 20 }, (_, index) => first + index);

  for (const seed of seeds) {
    it(`makes of a tree what it was compared with (seed ${seed})`, async () => {
      const folder = temporary();
      const random = randomOf(seed);
      const before = join(folder, 'before');
      mkdirSync(before);
      mutate(files, before, random, 60);
      const after = copy(before, join(folder, 'after'));
      mutate(files, after, random, 40);
      const tar = await bytesOf(treesDiff(files, before, after));
      const applied = copy(before, join(folder, 'applied'));
      await apply(tar, applied);
      assert.deepEqual(inside(applied), inside(after));
      // The same again, of another copy: nothing in it depends on where it lies.
      const other = copy(after, join(folder, 'other'));
      assert.ok(tar.equals(await bytesOf(treesDiff(files, before, other))), 'other bytes');
      assert.deepEqual(
        await bytesOf(treesDiff(files, after, other)),
        Buffer.alloc(1024),
        'a change of nothing',
      );
    });

    it(`tells what was done to an overlay (seed ${seed})`, { skip: noOverlay }, async () => {
      const folder = temporary();
      const random = randomOf(seed);
      const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) =>
        join(folder, name),
      );
      assert.ok(lower && upper && work && merged);
      for (const path of [lower, upper, work, merged]) mkdirSync(path);
      mutate(files, lower, random, 60);
      const data = `index=off,redirect_dir=off,metacopy=off,workdir=${work},upperdir=${upper},lowerdir=${lower}`;
      mount(kernel, { source: 'overlay', target: merged, type: 'overlay', flags: 0, data });
      let expected: string[];
      try {
        mutate(files, merged, random, 40);
        expected = inside(merged);
      } finally {
        await unmount(kernel, merged, 0);
      }
      const applied = copy(lower, join(folder, 'applied'));
      await apply(await bytesOf(overlayDiff(files, upper)), applied);
      assert.deepEqual(inside(applied), expected);
    });
  }

  it('tells names of one file that became files of their own, and the reverse', async () => {
    for (const [linkedBefore, linkedAfter] of [
      [true, false],
      [false, true],
    ]) {
      const folder = temporary();
      const make = (name: string, linked: boolean | undefined): string => {
        const root = join(folder, name);
        mkdirSync(root);
        writeFileSync(join(root, 'a'), 'same');
        if (linked === true) linkSync(join(root, 'a'), join(root, 'b'));
        else writeFileSync(join(root, 'b'), 'same');
        for (const each of ['a', 'b']) utimesSync(join(root, each), 1e9, 1e9);
        return root;
      };
      const [before, after] = [make('before', linkedBefore), make('after', linkedAfter)];
      const applied = copy(before, join(folder, 'applied'));
      await apply(await bytesOf(treesDiff(files, before, after)), applied);
      assert.deepEqual(inside(applied), inside(after));
    }
  });

  it('has no time after SOURCE_DATE_EPOCH', async () => {
    const folder = temporary();
    const after = join(folder, 'after');
    mkdirSync(after);
    writeFileSync(join(after, 'new'), 'new');
    chmodSync(join(after, 'new'), 0o644);
    const root = join(folder, 'root');
    mkdirSync(root);
    await apply(await bytesOf(treesDiff(files, undefined, after, { latest: 1_000_000_000 })), root);
    assert.deepEqual(
      inside(root).map((line) => line.split(' ')[4]),
      ['1000000000000000000'],
    );
    rmSync(root, { recursive: true });
  });
});
