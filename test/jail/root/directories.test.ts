import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeDirectoryIn, makeFileIn, type MadeDetail } from '../../../src/jail/root/directories.js';
import { undoRoot } from '../../../src/jail/undo-root.js';
import { StoredDirectory } from '../../model/file-tree.js';
import type { Model } from '../../model/model.js';
import { MemoryJournal } from '../journal.js';
import { modelWith, nodeAt, plant, rootPath, withRoot, type Tree } from './tree.js';

/** The names of all directories and files below the root. */
function namesIn(model: Model, path = rootPath): string[] {
  const { contents } = nodeAt(model, path);
  if (!(contents instanceof StoredDirectory)) return [];
  return contents.list().flatMap(([name]) => {
    const below = `${path}/${name}`;
    return [below.slice(rootPath.length), ...namesIn(model, below)];
  });
}

async function undo(model: Model, journal: MemoryJournal): Promise<void> {
  await undoRoot(model.freebsd, journal, (warning) => {
    assert.fail(warning);
  });
}

/** What is there after a directory was made. */
async function making(tree: Tree, path: string): Promise<string[]> {
  const model = modelWith(tree);
  const before = namesIn(model);
  const journal = new MemoryJournal();
  await withRoot(model, (root) => makeDirectoryIn(root, path, 0o755, journal));
  const made = namesIn(model).filter((name) => !before.includes(name));
  assert.deepEqual(
    journal.entries().map(({ detail }) => (detail as MadeDetail).path),
    made,
  );
  await undo(model, journal);
  assert.deepEqual(namesIn(model), before);
  return made;
}

const cases: [what: string, tree: Tree, path: string, made: string[]][] = [
  ['one', {}, '/a', ['/a']],
  ['several', { a: {} }, '/a/b/c/d', ['/a/b', '/a/b/c', '/a/b/c/d']],
  ['none that is there', { a: { b: {} } }, '/a/b', []],
  ['none for the root', {}, '/', []],
  ['one behind an absolute link', { a: '-> /b', b: {} }, '/a/c', ['/b/c']],
  ['what a dangling link says', { a: '-> /b/c' }, '/a', ['/b', '/b/c']],
  ['none outside', { a: '-> ../../../outside' }, '/a/b', ['/outside', '/outside/b']],
];

describe('directories inside a root', () => {
  for (const [what, tree, path, made] of cases) {
    it(`are made and removed: ${what}`, async () => {
      assert.deepEqual(await making(tree, path), made);
    });
  }

  it('are not made where something else is', async () => {
    await assert.rejects(making({ a: 'file' }, '/a'), { code: 'ENOTDIR' });
    await assert.rejects(making({ a: 'file' }, '/a/b'), { code: 'ENOTDIR' });
    await assert.rejects(making({ a: '-> a' }, '/a'), { code: 'ELOOP' });
  });

  it('are left to whoever was faster', async () => {
    // openat a, readlinkat, openat b, readlinkat, fstatat c, readlinkat; then mkdirat b, openat, mkdirat c
    for (const [call, tree, own] of [
      [7, { b: {} }, ['/a/b/c']],
      [9, { b: { c: {} } }, ['/a/b']],
      [7, { b: '-> ../d' }, ['/d', '/d/c']],
    ] as const) {
      const model = modelWith({ a: {} });
      const journal = new MemoryJournal();
      await withRoot(model, async (root) => {
        model.faults.beforeNth(call, () => {
          plant(model, `${rootPath}/a`, tree);
        });
        await makeDirectoryIn(root, '/a/b/c', 0o755, journal);
      });
      assert.equal(model.faults.waits, false);
      assert.deepEqual(
        journal.entries().map(({ detail }) => (detail as MadeDetail).path),
        own,
      );
    }
  });

  it('are not removed when they are something else by now', async () => {
    const model = modelWith({ kept: { file: '' } });
    const journal = new MemoryJournal();
    await withRoot(model, (root) => makeDirectoryIn(root, '/a/b/c', 0o755, journal));
    plant(model, rootPath, { a: { b: null } });
    plant(model, rootPath, { a: { b: '-> /kept' }, kept: { c: {} } });
    await undo(model, journal);
    assert.deepEqual(namesIn(model), ['/kept', '/kept/file', '/kept/c', '/a', '/a/b']);
  });

  it('are not removed when they are full', async () => {
    const model = modelWith({});
    const journal = new MemoryJournal();
    await withRoot(model, (root) => makeDirectoryIn(root, '/a', 0o755, journal));
    plant(model, rootPath, { a: { file: '' } });
    await undo(model, journal);
    assert.deepEqual(namesIn(model), ['/a', '/a/file']);
  });

  it('are no longer there when their root is gone', async () => {
    const model = modelWith({});
    const journal = new MemoryJournal();
    for (const root of ['/jails/nowhere', '/jails/c1/outside/secret']) {
      journal.making('made', { root, path: '/a', kind: 'directory' } satisfies MadeDetail);
    }
    await undo(model, journal);
    assert.deepEqual([model.remains(), journal.entries()], [[], []]);
  });

  it('are removed together, and stay in the journal from the first on that cannot be', async () => {
    const model = modelWith({});
    const journal = new MemoryJournal();
    await withRoot(model, (root) => makeDirectoryIn(root, '/a/b/c', 0o755, journal));
    let unlinked = 0;
    model.faults.watch = (symbol) => {
      if (symbol === 'unlinkat') unlinked++;
      if (symbol === 'unlinkat' && unlinked === 2) model.faults.failNth(0, 'EIO');
    };
    await assert.rejects(undo(model, journal), { code: 'EIO' });
    assert.deepEqual(namesIn(model), ['/a', '/a/b']);
    assert.equal(journal.entries().length, 2);
    await undo(model, journal);
    assert.deepEqual([namesIn(model), journal.entries()], [[], []]);
  });
});

describe('a file to mount on', () => {
  it('is made and removed while it is empty', async () => {
    const model = modelWith({ etc: { hosts: 'there' } });
    const journal = new MemoryJournal();
    await withRoot(model, async (root) => {
      await makeFileIn(root, '/etc/hosts', journal);
      await makeFileIn(root, '/etc/resolv.conf', journal);
      await makeFileIn(root, '/etc/used', journal);
    });
    assert.equal(journal.entries().length, 2);
    plant(model, rootPath, { etc: { used: 'by somebody' } });
    await undo(model, journal);
    assert.deepEqual(namesIn(model), ['/etc', '/etc/hosts', '/etc/used']);
  });
});
