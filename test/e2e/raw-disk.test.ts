import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OCI_LINUX_RESOURCES, OCI_PROCESS, packJson } from '../../src/proto/any.js';
import { TaskV2 } from '../../src/proto/generated/services.js';
import { containerStore } from '../../src/store/containers.js';
import { openStore } from '../../src/store/database.js';
import { Code } from '../../src/ttrpc/status.js';
import { cannotRun } from './harness/fixture.js';
import { shimDaemons } from './harness/leftovers.js';
import { refused, withRawShim } from './harness/raw-fixture.js';
import { RawShim } from './harness/raw-shim.js';
import { rawProcess } from './harness/raw-spec.js';

const diskSize = 2048;
const scenario = withRawShim({ diskSize });
const { methods } = TaskV2;
const id = 'one';

/** Writes until not one byte more fits on the daemon's disk; the answer frees it again. */
function fill(shim: RawShim): () => void {
  const path = join(shim.runDirectory, 'fill');
  const file = openSync(path, 'w');
  try {
    for (const block of [Buffer.alloc(65_536), Buffer.alloc(1)]) {
      // The last write of a size may be cut short, and only the next one fail.
      while (written(file, block)) continue;
    }
  } finally {
    closeSync(file);
  }
  return () => {
    rmSync(path);
  };
}

function written(file: number, block: Buffer): boolean {
  try {
    writeSync(file, block);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    return false;
  }
}

for (const terminal of [false, true]) {
  scenario(`disk: full at Create ${terminal ? 'with' : 'without'} a terminal`, async (shim) => {
    const bundle = await shim.bundle(id, ['true'], (spec) => Object.assign(spec.process, { terminal }));
    const free = fill(shim);
    const create = () => shim.call(methods.Create, { id, bundle, terminal });
    for (let time = 0; time < 3; time += 1) {
      await refused(create(), Code.ResourceExhausted, /full|space|ENOSPC/);
      await refused(shim.call(methods.Delete, { id }), Code.NotFound, /^container one not created$/);
    }
    free();
    await create();
    await shim.remove(id);
  });
}

scenario('disk: full at Start, Exec, Update, Pause, and at Delete', async (shim) => {
  await shim.create(id, ['sleep', '1000']);
  await shim.exec(id, 'e', { spec: packJson(OCI_PROCESS, rawProcess(['true'])) });
  const free = fill(shim);
  await shim.start(id);
  await refused(shim.start(id, 'e'), Code.ResourceExhausted, /exec e: ENOSPC/);
  const resources = packJson(OCI_LINUX_RESOURCES, { memory: { limit: 1 << 25 } });
  await refused(shim.call(methods.Update, { id, resources }), Code.ResourceExhausted, /ENOSPC/);
  await shim.call(methods.Kill, { id, signal: 9 });
  await shim.call(methods.Wait, { id });
  await shim.call(methods.Delete, { id });
  free();
  shim.removeBundle(id);
});

test(
  'disk: what the store knows can be forgotten, however full it is',
  { skip: cannotRun() ?? false },
  async () => {
    const shim = await RawShim.install({ diskSize });
    const path = join(shim.runDirectory, 'state.db');
    const database = openStore(path);
    try {
      const store = containerStore(database);
      const keys = Array.from({ length: 50 }, (_, index) => ({ namespace: 'ns', id: `box-${index}` }));
      for (const key of keys) {
        store.add(key, `/bundle/${key.id}`);
        store.making(key, 'mount', { target: 'x'.repeat(300) });
      }
      const free = fill(shim);
      for (const key of keys) {
        store.setPid(key, 7);
        for (const { seq } of store.made(key)) store.unmade(key, seq);
        store.remove(key);
      }
      assert.deepEqual(store.list(), []);
      const addMany = (): void => {
        for (const key of keys) store.making(key, 'mount', { target: 'x'.repeat(100_000) });
      };
      for (const key of keys) store.add(key, '/bundle');
      assert.throws(addMany, { message: `store ${path}: database or disk is full` });
      free();
      for (const key of keys) store.remove(key);
      assert.deepEqual(store.list(), []);
    } finally {
      database.close();
      await shim.close();
    }
  },
);

test('disk: full before there is a daemon', { skip: cannotRun() ?? false, timeout: 300_000 }, async () => {
  const shim = await RawShim.install({ diskSize });
  try {
    const bundle = await shim.bundle(id, ['true']);
    const free = fill(shim);
    const outcome = await shim.launcher('start', id, bundle);
    assert.equal(outcome.code, 1);
    assert.equal(outcome.stdout, '');
    assert.match(
      outcome.stderr,
      /^containerd-shim-jail: [^\n]*cannot write \/[^\n]*\/run\/[0-9a-f]+\/lock: [^\n]*\n$/,
    );
    assert.match(outcome.stderr, /: No space left on device$/m);
    assert.deepEqual(shimDaemons(shim), []);
    assert.deepEqual(existsSync(join(shim.directory, 's')) ? readdirSync(join(shim.directory, 's')) : [], []);
    free();
    await shim.connect();
    await shim.run(id, ['true']);
    await shim.call(methods.Wait, { id });
    await shim.call(methods.Delete, { id });
  } finally {
    await shim.close();
  }
});
