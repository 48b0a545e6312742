import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChildMaker, ChildStdio } from '../../../src/kernel/child.js';
import { isKernelError } from '../../../src/kernel/error.js';
import { keepSpareChild } from '../../../src/kernel/freebsd/spare-child.js';
import { modelChildren } from '../../model/children.js';
import type { OpenFile } from '../../model/open-file.js';
import { openModel, type Model } from '../../model/model.js';

/** Makes children of a model, and counts them. */
function counted(model: Model): { maker: ChildMaker; made: ChildStdio[] } {
  const children = modelChildren(model);
  const made: ChildStdio[] = [];
  return {
    made,
    maker: {
      start: (stdio) => {
        made.push(stdio);
        return children.start(stdio);
      },
    },
  };
}

/** Files that the daemon has open, by new descriptors. */
function files(model: Model): { fds: [number, number, number]; files: OpenFile[]; close: () => void } {
  const { descriptors, jail } = model.kernel.process;
  const opened = [0, 1, 2].map((): OpenFile => ({ jail, references: 0, flags: 2 }));
  const [one = -1, two = -1, three = -1] = opened.map((file) => descriptors.add(file, true));
  return {
    fds: [one, two, three],
    files: opened,
    close: () => {
      for (const fd of [one, two, three]) descriptors.close(fd);
    },
  };
}

function filesOf(model: Model, pid: number): (OpenFile | undefined)[] {
  const table = model.system.processes.get(pid)?.descriptors;
  assert.deepEqual(table?.numbers(), [0, 1, 2]);
  return [0, 1, 2].map((fd) => table.get(fd));
}

const nulls: ChildStdio = ['null', 'null', 'null'];

describe('a spare child', () => {
  it('is there before it is wanted, gets its descriptors then, and is followed by another', async () => {
    const model = openModel(14);
    const before = model.remains();
    const { maker, made } = counted(model);
    const children = keepSpareChild(model.freebsd, maker);
    await children.prepare();
    assert.equal(made.length, 1);
    const { fds, files: given, close } = files(model);
    const child = await children.start(fds);
    assert.deepEqual(filesOf(model, child.pid), given);
    assert.ok(!child.kernel.platform.includes('linux'));
    close();
    await children.prepare();
    assert.equal(made.length, 2);
    await children.close();
    await child.abandon();
    assert.deepEqual(model.remains(), before);
  });

  for (const which of [0, 1, 2]) {
    it(`has the null device where no descriptor is given: all but ${which}`, async () => {
      const model = openModel(14);
      const children = keepSpareChild(model.freebsd, modelChildren(model));
      await children.prepare();
      const { fds, files: given } = files(model);
      const stdio = fds.map((fd, index) => (index === which ? fd : 'null')) as unknown as ChildStdio;
      const { pid } = await children.start(stdio);
      const got = filesOf(model, pid);
      assert.equal(got[which], given[which]);
      for (const [index, file] of got.entries()) {
        if (index !== which) assert.ok(file !== undefined && !given.includes(file) && !('incoming' in file));
      }
    });
  }

  it('gives one descriptor to several of the three', async () => {
    const model = openModel(14);
    const children = keepSpareChild(model.freebsd, modelChildren(model));
    await children.prepare();
    const { fds, files: given } = files(model);
    const { pid } = await children.start([fds[0], fds[1], fds[1]]);
    assert.deepEqual(filesOf(model, pid), [given[0], given[1], given[1]]);
  });

  it('is replaced if it has died', async () => {
    const model = openModel(14);
    const before = model.remains();
    const { maker } = counted(model);
    const pids: number[] = [];
    const children = keepSpareChild(model.freebsd, {
      start: async (stdio) => {
        const child = await maker.start(stdio);
        pids.push(child.pid);
        return child;
      },
    });
    await children.prepare();
    const dead = model.system.processes.get(pids[0] ?? 0);
    assert.ok(dead);
    model.system.processes.end(dead, 9);
    const { fds, files: given, close } = files(model);
    const child = await children.start(fds);
    assert.notEqual(child.pid, dead.pid);
    assert.deepEqual(filesOf(model, child.pid), given);
    close();
    await child.abandon();
    await children.close();
    assert.deepEqual(model.remains(), before);
  });

  it('is made when it is wanted if it could not be made before, and then it says why', async () => {
    const model = openModel(14);
    let works = false;
    const real = modelChildren(model);
    const children = keepSpareChild(model.freebsd, {
      start: (stdio) => (works ? real.start(stdio) : Promise.reject(new Error('no processes left'))),
    });
    await children.prepare();
    await assert.rejects(children.start(nulls), /no processes left/);
    works = true;
    const child = await children.start(nulls);
    await child.abandon();
    await children.close();
    assert.deepEqual(model.remains(), []);
  });

  it('is not made any more after the end', async () => {
    const model = openModel(14);
    const { maker, made } = counted(model);
    const children = keepSpareChild(model.freebsd, maker);
    await children.prepare();
    await children.close();
    await children.close();
    await children.prepare();
    assert.equal(made.length, 1);
    assert.deepEqual(model.remains(), []);
  });

  it('goes to one of several who want one at the same time', async () => {
    const model = openModel(14);
    const children = keepSpareChild(model.freebsd, modelChildren(model));
    await children.prepare();
    const all = await Promise.all([1, 2, 3].map(() => children.start(nulls)));
    assert.equal(new Set(all.map(({ pid }) => pid)).size, 3);
    for (const child of all) await child.abandon();
    await children.close();
    assert.deepEqual(model.remains(), []);
  });

  it('leaves nothing whichever call fails', async () => {
    let n = 1;
    for (; ; n++) {
      const model = openModel(14);
      const children = keepSpareChild(model.freebsd, modelChildren(model));
      const { fds, close } = files(model);
      model.faults.failNth(n, 'ENOMEM');
      await children.prepare();
      const child = await children.start(fds).catch((error: unknown) => {
        assert.ok(isKernelError(error, 'ENOMEM'), String(error));
        return undefined;
      });
      await children.prepare();
      const { failed } = model.faults;
      model.faults.failNth(0, '');
      await child?.abandon();
      await children.close();
      close();
      assert.deepEqual(model.remains(), [], `after call ${n}: ${failed ?? 'none'}`);
      if (failed === undefined) break;
    }
    assert.ok(n > 15, `${n} calls`);
  });
});
