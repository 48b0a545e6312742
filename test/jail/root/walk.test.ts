import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKernelError } from '../../../src/kernel/error.js';
import { closeRoot, openRoot } from '../../../src/jail/root/root.js';
import { visit, visitAll } from '../../../src/jail/root/visit.js';
import { namesTo } from '../../../src/jail/root/walk.js';
import type { Model } from '../../model/model.js';
import { batchesOf, modelWith, plant, rootPath, withRoot } from './tree.js';

const tree = {
  file: 'inside',
  secret: 'inside',
  dir: {
    file: 'inside',
    deep: { file: 'inside' },
    up: '-> ..',
    upfile: '-> ../file',
    out: '-> ../../../../secret',
  },
  abs: '-> /dir/deep',
  absfile: '-> /file',
  rel: '-> dir/deep',
  chain1: '-> chain2/deep',
  chain2: '-> chain3',
  chain3: '-> /dir',
  loop: '-> loop',
  loop1: '-> loop2/x',
  loop2: '-> /loop1/y',
  outside: '-> /outside',
  climb: '-> ../../../outside',
  dangling: '-> /nowhere/at/all',
  empty: '-> ',
  slashes: '-> ///dir//./deep///',
  mixed: '-> dir/deep/../../dir/./up/dir',
  fifo: 'fifo',
};

/** What a path is said to lead to. */
function found(model: Model, path: string): Promise<string> {
  return withRoot(model, (root) =>
    visit(root, path, (place) => {
      const what = place.status?.kind ?? `missing ${1 + place.missing.length}`;
      return Promise.resolve(`${what} /${namesTo(place).join('/')}`);
    }).catch((error: unknown) => {
      if (isKernelError(error)) return error.code;
      throw error;
    }),
  );
}

const cases: [path: string, outcome: string][] = [
  ['/', 'directory /'],
  ['', 'directory /'],
  ['/file', 'file /file'],
  ['dir/deep/file', 'file /dir/deep/file'],
  ['/../../file', 'file /file'],
  ['/dir/../..', 'directory /'],
  ['/dir/deep/..', 'directory /dir'],
  ['/dir/deep/../file', 'file /dir/file'],
  ['/abs', 'directory /dir/deep'],
  ['/abs/file', 'file /dir/deep/file'],
  ['/abs/../file', 'file /dir/file'],
  ['/absfile', 'file /file'],
  ['/rel/file', 'file /dir/deep/file'],
  ['/chain1/file', 'file /dir/deep/file'],
  ['/chain1', 'directory /dir/deep'],
  ['/dir/up/file', 'file /file'],
  ['/dir/upfile', 'file /file'],
  ['/dir/out', 'file /secret'],
  ['/slashes/file', 'file /dir/deep/file'],
  ['/mixed/file', 'file /dir/file'],
  ['/loop', 'ELOOP'],
  ['/loop/x', 'ELOOP'],
  ['/loop1', 'ELOOP'],
  ['/outside', 'ELOOP'],
  ['/outside/secret', 'ELOOP'],
  ['/climb/secret', 'ELOOP'],
  ['/dangling', 'missing 3 /nowhere/at/all'],
  ['/dangling/x', 'missing 4 /nowhere/at/all/x'],
  ['/nowhere/../file', 'ENOENT'],
  ['/empty', 'ENOENT'],
  ['/empty/x', 'ENOENT'],
  ['/file/x', 'ENOTDIR'],
  ['/file/../dir', 'ENOTDIR'],
  ['/fifo', 'fifo /fifo'],
  ['/fifo/x', 'ENOTDIR'],
  [`/${'x'.repeat(255)}`, `missing 1 /${'x'.repeat(255)}`],
  [`/${'x'.repeat(256)}`, 'ENAMETOOLONG'],
  ['/x'.repeat(129), 'ENAMETOOLONG'],
  [`/${'y'.repeat(200)}`.repeat(6), 'ENAMETOOLONG'],
];

describe('a walk inside a root', () => {
  for (const [path, outcome] of cases) {
    const name = path.length > 60 ? `${path.slice(0, 60)}… of ${path.length} characters` : path;
    it(`finds ${name === '' ? 'an empty path' : name}`, async () => {
      assert.equal(await found(modelWith(tree), path), outcome);
    });
  }

  it('refuses a NUL', async () => {
    await assert.rejects(found(modelWith(tree), '/file\0/x'), /^RangeError: path: contains a NUL$/);
  });

  it('takes 32 symbolic links, but not 33', async () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, index) => [
          `l${index}`,
          index + 1 === length ? '-> file' : `-> l${index + 1}`,
        ]),
      );
    assert.equal(await found(modelWith({ file: '', ...chain(32) }), '/l0'), 'file /file');
    assert.equal(await found(modelWith({ file: '', ...chain(33) }), '/l0'), 'ELOOP');
  });

  it('ends, however long links make a path', async () => {
    const long = `-> ${'a/'.repeat(500)}`;
    assert.equal(await found(modelWith({ l: long }), '/l'), 'ENAMETOOLONG');
    assert.equal(await found(modelWith({ l: '-> l/l/l/l/l/l/l/l/l/l/l/l' }), '/l/l'), 'ENAMETOOLONG');
  });

  it('takes one batch for a usual path, and two with a symbolic link', async () => {
    const model = modelWith(tree);
    const root = await openRoot(model.freebsd, rootPath);
    // The last one closes what the walk had open.
    const count = async (path: string): Promise<number> =>
      (await batchesOf(model, () => visitAll(root, [path], () => Promise.resolve()))) - 1;
    assert.deepEqual([await count('/dir/deep/file'), await count('/abs/file')], [1, 2]);
    await closeRoot(root);
  });

  it('looks anew each time', async () => {
    const model = modelWith({ mnt: { covered: '' } });
    assert.equal(await found(model, '/mnt/covered'), 'file /mnt/covered');
    plant(model, rootPath, { mnt: '-> /outside' });
    assert.equal(await found(model, '/mnt/secret'), 'missing 2 /outside/secret');
  });
});
