import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KernelError } from '../../../src/kernel/error.js';
import { bundle, plan, RootTest, scenarioModel, seenAt, type Plan } from '../root-scenario.js';
import { plant } from '../root/tree.js';

const root = `${bundle}/rootfs`;

function wanted(readonly = false): Plan {
  const hosts = { type: 'nullfs', source: '/volumes/hosts', flags: {} } as const;
  return {
    ...plan,
    root: { path: root, readonly },
    mounts: [
      { ...hosts, destination: '/etc/hosts' },
      { ...hosts, destination: '/etc/new/file' },
    ],
    devices: [],
  };
}

function prepared(size = 10): RootTest {
  const model = scenarioModel(12);
  plant(model, '/', {
    snapshots: { s1: { etc: { hosts: 'of the image' } } },
    volumes: { hosts: 'h'.repeat(size) },
  });
  return new RootTest(model);
}

function text(test: RootTest, path: string): string | undefined {
  const node = seenAt(test.model, path);
  return node === undefined ? undefined : Buffer.from(node.data).toString();
}

function checkRestored(test: RootTest): void {
  assert.equal(text(test, '/snapshots/s1/etc/hosts'), 'of the image');
  const names = seenAt(test.model, '/snapshots/s1/etc')?.contents?.list(test.model.kernel.process) ?? [];
  assert.deepEqual(names.map(([name]) => name).sort(), ['hosts', 'passwd', 'resolv.conf']);
}

describe('a file where the kernel mounts none', () => {
  for (const readonly of [false, true]) {
    it(`is copied, and the one of the image comes back${readonly ? ', in a read-only root' : ''}`, async () => {
      const test = prepared();
      const { path } = await test.make(wanted(readonly));
      assert.equal(text(test, `${path}/etc/hosts`), 'h'.repeat(10));
      assert.equal(text(test, `${path}/etc/new/file`), 'h'.repeat(10));
      await test.gone();
      checkRestored(test);
    });
  }

  it('is not copied if it is large', async () => {
    const test = prepared(1024 * 1024 + 1);
    await assert.rejects(
      test.make(wanted()),
      /^RuntimeError: nullfs of \/volumes\/hosts: this kernel mounts no files/,
    );
    await test.gone();
    checkRestored(test);
  });

  it('leaves the image as it was, whichever call fails, also of the undoing', async (t) => {
    let n = 1;
    for (; ; n++) {
      const test = prepared();
      test.model.faults.failNth(n, 'EIO');
      let failure: unknown;
      await test.make(wanted()).catch((error: unknown) => (failure = error));
      if (test.model.faults.failed === undefined) {
        await test.undo().catch((error: unknown) => (failure = error));
      }
      const { failed } = test.model.faults;
      test.model.faults.failNth(0, '');
      assert.ok(failure === undefined || failure instanceof KernelError);
      await test.gone();
      checkRestored(test);
      if (failed === undefined) break;
    }
    t.diagnostic(`${n - 1} calls failed once each`);
    assert.ok(n > 100, `${n} calls`);
  });
});
