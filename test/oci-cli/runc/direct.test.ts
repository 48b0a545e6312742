import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { parseMountTable } from '../../../src/kernel/linux/mountinfo.js';
import { runcDirect, type Direct } from '../../../src/oci-cli/runc/direct.js';
import type { Exit } from '../../../src/runtime/runtime.js';

const root = mkdtempSync(join(tmpdir(), 'direct-'));
after(() => {
  rmSync(root, { recursive: true });
});

/** A container of runc in plain folders: its state, and a cgroup with another below. */
interface Sample {
  readonly direct: Direct;
  readonly folder: string;
  readonly cgroup: string;
  readonly end: () => Promise<void>;
}

let serial = 0;
function sample(change: { spec?: object; endsWithInit?: boolean } = {}): Sample {
  serial += 1;
  const folder = join(root, `c${serial}`);
  const hierarchy = join(root, `h${serial}`);
  const cgroup = join(hierarchy, 'ns/c');
  mkdirSync(folder);
  mkdirSync(join(cgroup, 'below/deeper'), { recursive: true });
  const state = {
    id: 'c',
    init_process_pid: 42,
    config: {},
    namespace_paths: {},
    cgroup_paths: { '': cgroup },
  };
  writeFileSync(join(folder, 'state.json'), JSON.stringify(state));
  let resolve: (exit: Exit) => void = () => undefined;
  const exited = new Promise<Exit>((settle) => {
    resolve = settle;
  });
  const direct = runcDirect({
    id: 'c',
    folder,
    init: { pid: 42, exited, signal: () => Promise.resolve(), resize: () => undefined },
    spec: { ...change.spec },
    endsWithInit: change.endsWithInit ?? true,
    hierarchies: parseMountTable(`31 1 0:31 / ${hierarchy} rw - cgroup2 cgroup2 rw\n`),
  });
  const end = async (): Promise<void> => {
    resolve({ status: 0, at: 0 });
    await exited;
  };
  return { direct, folder, cgroup, end };
}

suite('delete without runc', () => {
  test('removes cgroups with those below, and the state', async () => {
    const { direct, folder, cgroup, end } = sample();
    await end();
    assert.equal(await direct.remove(), true);
    assert.deepEqual([existsSync(cgroup), existsSync(folder)], [false, false]);
  });

  for (const [what, change] of [
    ['a hook after stop', { spec: { hooks: { poststop: [{ path: '/bin/true' }] } } }],
    ['hooks that are no list', { spec: { hooks: { poststop: {} } } }],
    ['processes that outlive init', { endsWithInit: false }],
  ] as const) {
    test(`leaves a container with ${what} to runc, untouched`, async () => {
      const { direct, folder, cgroup, end } = sample(change);
      await end();
      assert.equal(await direct.remove(), false);
      assert.deepEqual([existsSync(cgroup), existsSync(folder)], [true, true]);
    });
  }

  test('leaves a container whose init lives to runc', async () => {
    const { direct, folder } = sample();
    assert.equal(await direct.remove(), false);
    assert.equal(existsSync(folder), true);
  });

  test('leaves a cgroup that cannot be emptied to runc, with the state', async () => {
    const { direct, folder, cgroup, end } = sample();
    writeFileSync(join(cgroup, 'file'), ''); // rmdir(2): ENOTEMPTY, as EBUSY of a cgroup with a process
    await end();
    assert.equal(await direct.remove(), false);
    assert.equal(existsSync(folder), true);
  });

  test('leaves a state that is not there to runc', async () => {
    const { direct, folder, end } = sample();
    rmSync(folder, { recursive: true });
    await end();
    assert.equal(await direct.remove(), false);
  });
});

suite('start without runc', () => {
  test('is left to runc with a hook after start, or when init is gone', async () => {
    assert.equal(
      await sample({ spec: { hooks: { poststart: [{ path: '/bin/true' }] } } }).direct.start(),
      false,
    );
    const { direct, end } = sample();
    await end();
    assert.equal(await direct.start(), false);
  });
});
