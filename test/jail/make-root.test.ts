import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bundle, plan, RootTest, scenarioModel, seenAt } from './root-scenario.js';

const root = `${bundle}/rootfs`;

function textAt(test: RootTest, path: string): string {
  return Buffer.from(seenAt(test.model, path)?.data ?? []).toString();
}

describe('the root of a container', () => {
  for (const release of [12, 15] as const) {
    it(`is made and taken away on FreeBSD ${release}`, async () => {
      const test = new RootTest(scenarioModel(release));
      const made = await test.make();
      assert.equal(made.path, root);
      assert.deepEqual(test.mounts(), [
        `nullfs on ${root}`,
        `devfs on ${root}/dev`,
        `fdescfs on ${root}/dev/fd`,
        `procfs on ${root}/proc`,
        `tmpfs on ${root}/tmp`,
        `nullfs on ${root}/private/var/lib/data`,
        `tmpfs on ${root}/private/var/run`,
      ]);
      assert.equal(textAt(test, `${root}/private/var/lib/data/data`), 'volume');
      await test.gone();
      assert.deepEqual(test.warnings, []);
      assert.equal(seenAt(test.model, '/snapshots/s1/private/var/lib'), undefined);
      assert.equal(seenAt(test.model, '/snapshots/s1/proc'), undefined);
    });
  }

  it('has only the devices of its ruleset', async () => {
    const test = new RootTest(scenarioModel(12));
    const { devfsRuleset } = await test.make();
    assert.ok(devfsRuleset >= 10_000);
    const there = ['null', 'zero', 'random', 'fd', 'bpf', 'mem', 'kmem', 'md0', 'klog'].filter(
      (name) => seenAt(test.model, `${root}/dev/${name}`) !== undefined,
    );
    assert.deepEqual(there, ['null', 'zero', 'random', 'fd', 'bpf']);
    assert.equal(seenAt(test.model, `${root}/dev/bpf`)?.mode, 0o660);
    await test.gone();
  });

  it('has what a tmpfs covers copied up', async () => {
    const test = new RootTest(scenarioModel(12));
    await test.make();
    const tmp = seenAt(test.model, `${root}/tmp`);
    assert.deepEqual([tmp?.fileSystem.type, tmp?.mode], ['tmpfs', 0o1777]);
    assert.equal(textAt(test, `${root}/tmp/kept`), 'copied');
    assert.equal(textAt(test, `${root}/tmp/deep/file`), 'copied as well');
    assert.equal(seenAt(test.model, `${root}/tmp/deep/link`)?.target, '../kept');
    assert.equal(seenAt(test.model, `${root}/tmp/deep/fifo`)?.kind, 'fifo');
    await test.gone();
  });

  it('is shown read-only, with mount points made in what is shown', async () => {
    const test = new RootTest(scenarioModel(12));
    const { path } = await test.make({ ...plan, root: { ...plan.root, readonly: true } });
    assert.equal(path, `${bundle}/readonly-root`);
    assert.deepEqual(test.mounts().slice(0, 3), [
      `nullfs on ${root}`,
      `nullfs on ${path}`,
      `devfs on ${path}/dev`,
    ]);
    assert.equal(test.model.system.mounts.list.find(({ on }) => on === path)?.readOnly, true);
    assert.equal(textAt(test, `${path}/private/var/lib/data/data`), 'volume');
    await test.gone();
    assert.equal(seenAt(test.model, path), undefined);
    assert.equal(seenAt(test.model, '/snapshots/s1/private/var/lib'), undefined);
  });

  it('keeps its mount points where they were there before', async () => {
    const test = new RootTest(scenarioModel(12));
    await test.make();
    await test.gone();
    for (const path of ['dev', 'tmp', 'private/var']) {
      assert.equal(seenAt(test.model, `/snapshots/s1/${path}`)?.kind, 'directory');
    }
  });
});
