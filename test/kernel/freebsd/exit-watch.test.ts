import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openExitWatch } from '../../../src/kernel/freebsd/exit-watch.js';
import { openModel } from '../../model/model.js';

describe('watching for exits', () => {
  it('tells how each process ended, in whatever order it is asked, and after others have waited', async () => {
    const model = openModel(14);
    const { system, kernel, freebsd } = model;
    const before = model.remains();
    const watch = await openExitWatch(freebsd);
    const children = Array.from({ length: 40 }, () => system.processes.fork(kernel.process));
    for (const { pid } of children) await watch.watch(pid);
    children.forEach((child, index) => {
      system.processes.end(child, index % 2 === 0 ? index << 8 : 70);
      system.processes.collect(child);
    });
    for (const [index, { pid }] of [...children.entries()].reverse()) {
      assert.equal(await watch.statusOf(pid), index % 2 === 0 ? index : 128 + 70);
      assert.equal(await watch.statusOf(pid), undefined);
    }
    await watch.close();
    assert.deepEqual(model.remains(), before);
  });

  it('tells of a zombie, and nothing of whom it has not seen', async () => {
    const { system, kernel, freebsd } = openModel(14);
    const watch = await openExitWatch(freebsd);
    const zombie = system.processes.fork(kernel.process);
    system.processes.end(zombie, 9);
    await watch.watch(zombie.pid);
    assert.equal(await watch.statusOf(zombie.pid), 137);
    await watch.watch(99_999);
    assert.equal(await watch.statusOf(99_999), undefined);
    assert.equal(await watch.statusOf(4711), undefined);
  });
});
