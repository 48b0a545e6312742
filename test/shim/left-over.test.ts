import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createLeftOvers, removeLeftOver } from '../../src/shim/left-over.js';
import { type ContainerStore, containerStore } from '../../src/store/containers.js';
import { openStore } from '../../src/store/database.js';
import { notLinux } from '../kernel/kernels.js';
import { ProcessRuntime } from '../task/runtime.js';
import { folder } from '../task/stdio/fixture.js';

const key = { namespace: 'ns', id: 'box' };
const limits = { skip: notLinux, timeout: 30_000 };

function setUp(test: TestContext): { store: ContainerStore; runtime: ProcessRuntime } {
  const database = openStore(join(folder(test), 'state.db'));
  test.after(() => database.close());
  return { store: containerStore(database), runtime: new ProcessRuntime() };
}

/** A process that a dead daemon has left, on record. */
function leave(test: TestContext, store: ContainerStore, id = 'box'): ChildProcess {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  test.after(() => child.kill('SIGKILL'));
  const one = { ...key, id };
  store.add(one, `/bundles/${id}`);
  store.setPid(one, child.pid ?? 0);
  store.making(one, 'process', child.pid);
  return child;
}

describe('what a daemon that died has left', limits, () => {
  it('is removed by the list of what was made, then forgotten', async (test) => {
    const { store, runtime } = setUp(test);
    const child = leave(test, store);
    const ended = once(child, 'exit');
    const row = await removeLeftOver(store, runtime, key);
    assert.deepEqual(row, { ...key, bundle: '/bundles/box', pid: child.pid });
    assert.deepEqual((await ended)[1], 'SIGKILL');
    assert.deepEqual(store.list(), []);
    assert.equal(await removeLeftOver(store, runtime, key), undefined);
    assert.deepEqual(runtime.cleaned, ['ns/box']);
  });

  it('stays on record when it cannot be removed', async (test) => {
    const { store, runtime } = setUp(test);
    store.add(key, '/b');
    store.making(key, 'process', 999_999_999);
    runtime.gates.fail('cleanUp', new Error('rootfs: EBUSY'));
    await assert.rejects(removeLeftOver(store, runtime, key), { message: 'rootfs: EBUSY' });
    assert.equal(store.list().length, 1);
  });

  it('is removed of all containers, four at a time, whatever becomes of one', async (test) => {
    const { store, runtime } = setUp(test);
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const children = new Map(ids.map((id) => [id, leave(test, store, id)]));
    const ends = ids.filter((id) => id !== 'a').map((id) => once(children.get(id) as ChildProcess, 'exit'));
    const held = ids.map(() => runtime.gates.hold('cleanUp'));
    const warnings: string[] = [];
    const leftOvers = createLeftOvers(store, runtime, ({ id }, message) =>
      warnings.push(`${id}: ${message}`),
    );
    await Promise.all(held.slice(0, 4).map(({ reached }) => reached));
    await new Promise((resolve) => setImmediate(resolve));
    let fifth = false;
    void held[4]?.reached.then(() => {
      fifth = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([fifth, leftOvers.busy], [false, true]);
    held[0]?.fail(new Error('rootfs: EBUSY'));
    for (const one of held.slice(1)) one.release();
    await leftOvers.done;
    await Promise.all(ends);
    assert.equal(leftOvers.busy, false);
    assert.deepEqual(
      ids.map((id) => leftOvers.takePid({ ...key, id })),
      [undefined, ...ids.slice(1).map((id) => children.get(id)?.pid)],
    );
    assert.equal(leftOvers.takePid({ ...key, id: 'b' }), undefined, 'it is told once');
    assert.deepEqual(
      store.list().map(({ id }) => id),
      ['a'],
    );
    assert.ok(warnings.includes('a: cannot remove what a daemon that died had left: rootfs: EBUSY'));
    assert.equal(
      warnings.filter((line) => line.endsWith(': removed what a daemon that died had left')).length,
      5,
    );
    assert.equal(await leftOvers.clear({ ...key, id: 'a' }), children.get('a')?.pid, 'it is tried again');
    assert.deepEqual(store.list(), []);
  });

  it('is removed at once when somebody asks for it, and waits for nothing else', async (test) => {
    const { store, runtime } = setUp(test);
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const children = new Map(ids.map((id) => [id, leave(test, store, id)]));
    const held = ids.slice(0, 4).map(() => runtime.gates.hold('cleanUp'));
    const leftOvers = createLeftOvers(store, runtime, () => undefined);
    await Promise.all(held.map(({ reached }) => reached));
    const last = { ...key, id: 'e' };
    assert.equal(await leftOvers.clear(last), children.get('e')?.pid);
    // A container of that name is made anew, while the others are still in work.
    store.add(last, '/new');
    store.making(last, 'process', 999_999_999);
    const joined = leftOvers.clear({ ...key, id: 'a' });
    for (const one of held) one.release();
    assert.equal(await joined, children.get('a')?.pid);
    await leftOvers.done;
    assert.deepEqual(store.list(), [{ ...last, bundle: '/new', pid: 0 }], 'the living one is left alone');
    assert.equal(runtime.cleaned.length, 5);
  });

  it('may be nothing', async (test) => {
    const { store, runtime } = setUp(test);
    const leftOvers = createLeftOvers(store, runtime, () => undefined);
    await leftOvers.done;
    assert.equal(leftOvers.busy, false);
    assert.equal(await leftOvers.clear(key), undefined);
    store.add(key, '/b');
    assert.equal(await leftOvers.clear(key), 0);
    assert.deepEqual([store.list(), runtime.cleaned], [[], []], 'of which nothing was made');
  });
});
