import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readFileIn } from '../../../src/jail/root/read-file.js';
import { modelWith, plant, rootPath, withRoot, type Tree } from './tree.js';

async function text(tree: Tree, path = '/etc/passwd', limit = 100): Promise<string | undefined> {
  const data = await withRoot(modelWith(tree), (root) => readFileIn(root, path, limit));
  return data === undefined ? undefined : Buffer.from(data).toString();
}

describe('a small file of an image', () => {
  it('is read', async () => {
    assert.equal(await text({ etc: { passwd: 'root:*:0:0' } }), 'root:*:0:0');
    assert.equal(await text({ etc: { passwd: '' } }), '');
  });

  it('need not be there', async () => {
    assert.equal(await text({ etc: {} }), undefined);
    assert.equal(await text({}), undefined);
    assert.equal(await text({ etc: { passwd: '-> /nowhere/passwd' } }), undefined);
  });

  it('is that of the image, whatever links say', async () => {
    assert.equal(await text({ etc: { passwd: '-> ../../../../../outside/etc/passwd' } }), undefined);
    assert.equal(await text({ etc: '-> /jails/c1/outside/etc' }), undefined);
    const own = { etc: { passwd: '-> /outside/secret' }, outside: { secret: 'inside' } };
    assert.equal(await text(own), 'inside');
  });

  it('can be as large as the limit, and no larger', async () => {
    assert.equal(await text({ file: 'x'.repeat(100) }, '/file'), 'x'.repeat(100));
    await assert.rejects(
      text({ file: 'x'.repeat(101) }, '/file'),
      /^RuntimeError: \/jails\/c1\/rootfs\/file: is larger than 100 bytes$/,
    );
  });

  const kinds: [kind: string, tree: Tree][] = [
    ['fifo', { etc: { passwd: 'fifo' } }],
    ['socket', { etc: { passwd: 'socket' } }],
    ['directory', { etc: { passwd: {} } }],
  ];
  for (const [kind, tree] of kinds) {
    it(`is not read if it is a ${kind}`, async () => {
      await assert.rejects(text(tree), new RegExp(`: is a ${kind}, not a file$`));
    });
  }

  it('is looked at again once it is open', async () => {
    // openat etc, readlinkat, fstatat, readlinkat; then openat
    const swapped: [Tree, RegExp][] = [
      [{ passwd: 'fifo' }, /: is a fifo, not a file$/],
      [{ passwd: '-> /outside/secret' }, /^KernelError: openat: passwd: EMLINK$/],
      [{ passwd: 'y'.repeat(200) }, /: is larger than 100 bytes$/],
      [{ passwd: null }, /^KernelError: openat: passwd: ENOENT$/],
    ];
    for (const [tree, expected] of swapped) {
      const model = modelWith({ etc: { passwd: 'root' } });
      await withRoot(model, async (root) => {
        model.faults.beforeNth(5, () => {
          plant(model, `${rootPath}/etc`, tree);
        });
        await assert.rejects(readFileIn(root, '/etc/passwd', 100), expected);
        assert.equal(model.faults.waits, false);
      });
    }
  });
});
