import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { unmount } from '../../src/kernel/freebsd/mount.js';
import { run } from '../../src/kernel/freebsd/run.js';
import { Case } from '../conformance/harness/case.js';
import { openModel, type Model } from './model.js';

/** Where cases work on such a machine, after which nothing may be left. */
async function scratchOn(model: Model): Promise<string> {
  const { freebsd: system, kernel } = model;
  const before = model.remains();
  const c = new Case({ release: 14, system, process: kernel, close: () => Promise.resolve() });
  const path = await c.scratch();
  await c.makeFile('file', 'text');
  await c.finish();
  assert.deepEqual(model.remains(), before);
  return path;
}

describe('the folder that cases work in', () => {
  it('is one in /tmp', async () => {
    assert.match(await scratchOn(openModel(14)), /^\/tmp\/conformance/);
  });

  it('is one elsewhere on a machine without /tmp', async () => {
    const model = openModel(14);
    await run(model.freebsd, (b) => {
      unmount(b, { path: '/tmp' });
      const value = b.call('rmdir', [{ arena: b.arena.text('/tmp', 'path') }], { object: '/tmp' });
      return { value, decode: () => undefined };
    });
    assert.match(await scratchOn(model), /^\/mnt\/conformance/);
  });

  it('is /mnt itself where nothing can be written', async () => {
    const model = openModel(14);
    await run(model.freebsd, (b) => unmount(b, { path: '/tmp' }));
    model.system.mounts.root.readOnly = true;
    assert.equal(await scratchOn(model), '/mnt');
  });
});
