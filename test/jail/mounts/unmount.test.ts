import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { close, open, statusAt } from '../../../src/kernel/freebsd/file.js';
import { mount, unmount } from '../../../src/kernel/freebsd/mount.js';
import { nullfsMount } from '../../../src/kernel/freebsd/nullfs.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import { bundle, RootTest, scenarioModel } from '../root-scenario.js';

const root = `${bundle}/rootfs`;

describe('unmounting the root of a container', () => {
  it('takes what others have mounted in it as well', async () => {
    const test = new RootTest(scenarioModel(12));
    await test.make();
    const { freebsd } = test.model;
    await run(freebsd, (b) => mount(b, { type: 'tmpfs', target: `${root}/tmp/deep` }));
    await run(freebsd, (b) => mount(b, { type: 'tmpfs', target: `${root}/tmp` }));
    await run(freebsd, (b) => mount(b, { type: 'tmpfs', target: root }));
    await test.gone();
    assert.deepEqual(test.warnings, []);
  });

  it('is done by force, with a warning, if something is busy', async () => {
    const test = new RootTest(scenarioModel(12));
    await test.make();
    const { freebsd } = test.model;
    const fd = await run(freebsd, (b) => open(b, `${root}/tmp/kept`));
    await test.undo();
    assert.deepEqual(test.warnings, [`unmount tmpfs on ${root}/tmp: busy, unmounted by force`]);
    await run(freebsd, (b) => close(b, fd));
    await test.gone();
  });

  it('does not mind what somebody has unmounted already', async () => {
    const test = new RootTest(scenarioModel(12));
    await test.make();
    await run(test.model.freebsd, (b) => [
      unmount(b, { path: `${root}/tmp` }),
      unmount(b, { path: `${root}/dev/fd` }),
      unmount(b, { path: `${root}/dev` }),
    ]);
    await test.gone();
    assert.deepEqual(test.warnings, []);
  });

  it('can be done twice', async () => {
    const test = new RootTest(scenarioModel(12));
    await test.make();
    const entries = test.journal.entries();
    await test.gone();
    for (const { kind, detail } of entries) test.journal.making(kind, detail);
    await test.gone();
    assert.deepEqual(test.warnings, []);
  });

  it('stops at what cannot be unmounted, and goes on from there', async () => {
    const test = new RootTest(scenarioModel(12));
    await test.make();
    const { freebsd } = test.model;
    // What a nullfs shows cannot be unmounted, not even by force.
    const source = { path: `${root}/tmp`, what: '/mnt' };
    await run(freebsd, (b) => mount(b, { type: 'tmpfs', target: '/mnt' }));
    const [from, on] = await run(freebsd, (b) => [statusAt(b, source.path), statusAt(b, source.what)]);
    await run(freebsd, (b) =>
      mount(b, nullfsMount({ path: source.path, status: from }, { path: source.what, status: on })),
    );
    await assert.rejects(test.undo(), /^KernelError: unmount: FSID:.*: EBUSY$/);
    const left = test.mounts().filter((text) => text.includes(root));
    assert.equal(left.at(-1), `tmpfs on ${root}/tmp`);
    await run(freebsd, (b) => unmount(b, { path: '/mnt' }));
    await run(freebsd, (b) => unmount(b, { path: '/mnt' }));
    await test.gone();
  });
});
