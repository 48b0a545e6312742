import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Arena } from '../../src/kernel/arena.js';
import { mount, unmount } from '../../src/kernel/freebsd/mount.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { ModelPanic } from './failure.js';
import { openModel, type Model } from './model.js';

/** Mounts a nullfs without the checks of the typed layer. */
function nullfs(model: Model, target: string | null, at: string): string {
  const arena = new Arena();
  const option = (name: string, value: string | null) => [
    arena.textSpan(name, 'name'),
    value === null ? null : arena.textSpan(value, 'value'),
  ];
  const parts = [...option('fstype', 'nullfs'), ...option('fspath', at), ...option('target', target)];
  const args = [{ arena: arena.iovecs(parts) }, parts.length, 0];
  const { results } = model.kernel.runSync(arena.batch([{ symbol: 'nmount', args }]));
  return results[0]?.errno === 0 ? '' : String(results[0]?.errno);
}

function call(model: Model, symbol: string, path: string, ...rest: number[]): void {
  const arena = new Arena();
  const args = [{ arena: arena.text(path, 'path') }, ...rest];
  const { results } = model.kernel.runSync(arena.batch([{ symbol, args }]));
  assert.equal(results[0]?.errno, 0, `${symbol} ${path}`);
}

/** A model with /tmp/a, /tmp/a/b and /tmp/c. */
function withFolders(): Model {
  const model = openModel(12);
  for (const path of ['/tmp/a', '/tmp/a/b', '/tmp/c']) call(model, 'mkdir', path, 0o755);
  return model;
}

describe('the model panics where a kernel does', () => {
  it('on a nullfs without a target', () => {
    assert.throws(() => nullfs(withFolders(), null, '/tmp/a'), ModelPanic);
  });

  it('on a nullfs on its own source, on itself, and on a cycle', () => {
    assert.throws(() => nullfs(withFolders(), '/tmp/a', '/tmp/a'), ModelPanic);
    const model = withFolders();
    assert.equal(nullfs(model, '/tmp/a', '/tmp/c'), '');
    assert.throws(() => nullfs(model, '/tmp/c', '/tmp/c'), ModelPanic);
    assert.throws(() => nullfs(model, '/tmp/c', '/tmp/a'), ModelPanic);
  });

  it('when a nullfs within its source is unmounted, once its mount point was looked up through it', async () => {
    const quiet = withFolders();
    assert.equal(nullfs(quiet, '/tmp/a', '/tmp/a/b'), '');
    await run(quiet.freebsd, (b) => unmount(b, { path: '/tmp/a/b' }));
    const looked = withFolders();
    assert.equal(nullfs(looked, '/tmp/a', '/tmp/a/b'), '');
    call(looked, 'chdir', '/tmp/a/b/b');
    call(looked, 'chdir', '/');
    await assert.rejects(
      run(looked.freebsd, (b) => unmount(b, { path: '/tmp/a/b' })),
      ModelPanic,
    );
  });

  it('when a nullfs of a fifo is unmounted', async () => {
    const model = withFolders();
    const arena = new Arena();
    const args = [-100, { arena: arena.text('/tmp/fifo', 'path') }, 0o644];
    model.kernel.runSync(arena.batch([{ symbol: 'mkfifoat', args }]));
    assert.equal(nullfs(model, '/tmp/fifo', '/tmp/c'), '');
    await assert.rejects(
      run(model.freebsd, (b) => unmount(b, { path: '/tmp/c' })),
      ModelPanic,
    );
  });

  it('and not otherwise', async () => {
    const model = withFolders();
    assert.equal(nullfs(model, '/tmp/a', '/tmp/c'), '');
    await run(model.freebsd, (b) => mount(b, { type: 'tmpfs', target: '/tmp/c/b' }));
    await run(model.freebsd, (b) => [unmount(b, { path: '/tmp/c/b' }), unmount(b, { path: '/tmp/c' })]);
    assert.deepEqual(model.remains(), []);
  });
});
