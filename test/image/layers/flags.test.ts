import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, linkSync, lstatSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { FileCalls } from '../../../src/kernel/files.js';
import { copyTree } from '../../../src/image/roots/copy-tree.js';
import { removeRoot } from '../../../src/image/roots/remove-root.js';
import { apply, files as linux, temporary } from './sandbox.js';
import { tarOf } from './tar-builder.js';

/** FreeBSD's `schg` is what Linux's file systems call immutable: with it this host forbids what FreeBSD does. */
const files: FileCalls = {
  ...linux,
  flags: (path) => {
    if (lstatSync(path).isSymbolicLink()) return '';
    const [attributes = ''] = execFileSync('lsattr', ['-d', path.toString()], { encoding: 'utf8' }).split(
      ' ',
    );
    return attributes.includes('i') ? 'schg' : '';
  },
  setFlags: (path, flags) => {
    execFileSync('chattr', [flags.split(',').includes('schg') ? '+i' : '-i', path.toString()]);
  },
};

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  const path = join(temporary(), 'probe');
  writeFileSync(path, '');
  const tried = spawnSync('chattr', ['+i', path]);
  if (tried.status !== 0) return 'this file system has no immutable files';
  execFileSync('chattr', ['-i', path]);
  return false;
}

const skip = whyNot();

const schg = { 'SCHILY.fflags': 'schg' };
const base = tarOf(
  { name: 'empty/', type: '5', mode: 0o755, pax: schg },
  { name: 'empty/kept', body: 'kept' },
  { name: 'init', body: 'one', mode: 0o755, pax: schg },
  { name: 'passwd', body: 'same file', pax: schg },
  { name: 'chpass', type: '1', link: 'passwd' },
  { name: 'gone', body: 'gone', pax: schg },
);

describe('file flags', { skip }, () => {
  const made: string[] = [];
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), 'flags-'));
    made.push(path);
    return path;
  };
  after(async () => {
    for (const path of made) await removeRoot(files, path);
  });
  const flagsOf = (root: string, ...names: string[]): string[] =>
    names.map((name) => files.flags(Buffer.from(join(root, name))));

  it('are set when all is there, and do not stop the next layer', async () => {
    const root = folder();
    await apply(base, root, { files });
    assert.deepEqual(flagsOf(root, 'empty', 'init', 'chpass', 'empty/kept'), ['schg', 'schg', 'schg', '']);
    await apply(
      tarOf(
        { name: 'init', body: 'two' },
        { name: '.wh.gone' },
        { name: 'empty/new' },
        { name: 'empty/.wh.kept' },
      ),
      root,
      { files },
    );
    assert.equal(readFileSync(join(root, 'init'), 'utf8'), 'two');
    assert.deepEqual(flagsOf(root, 'init', 'empty'), ['', 'schg']);
    assert.deepEqual(
      ['gone', 'empty/kept', 'empty/new'].map((name) => existsSync(join(root, name))),
      [false, false, true],
    );
  });

  for (const share of [true, false]) {
    it(`are copied with a tree, ${share ? 'which shares no file that has some' : 'file by file'}`, async () => {
      const [root, copy] = [folder(), folder()];
      await apply(base, root, { files });
      writeFileSync(join(root, 'plain'), 'plain');
      linkSync(join(root, 'plain'), join(root, 'other'));
      copyTree(files, root, copy, share);
      assert.deepEqual(flagsOf(copy, 'empty', 'init', 'chpass', 'plain'), ['schg', 'schg', 'schg', '']);
      const inode = (path: string): number => lstatSync(path).ino;
      assert.equal(inode(join(copy, 'passwd')), inode(join(copy, 'chpass')));
      assert.notEqual(inode(join(copy, 'passwd')), inode(join(root, 'passwd')));
      assert.equal(inode(join(copy, 'plain')) === inode(join(root, 'plain')), share);
      await removeRoot(files, copy);
      assert.equal(existsSync(copy), false);
      assert.deepEqual(flagsOf(root, 'init', 'passwd'), ['schg', 'schg']);
    });
  }
});
