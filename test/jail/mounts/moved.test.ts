import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MountPlan } from '../../../src/jail/plan/mount.js';
import { StoredDirectory } from '../../model/file-tree.js';
import { bundle, plan, RootTest, scenarioModel } from '../root-scenario.js';
import { nodeAt, outsideOf, plant } from '../root/tree.js';

const root = `${bundle}/rootfs`;

/** Makes a root with one mount, and does something in the moment before the call that mounts. */
async function meanwhile(test: RootTest, mount: MountPlan, act: () => void): Promise<void> {
  let done = false;
  test.model.faults.watch = (symbol) => {
    if (symbol !== 'nmount' || done) return;
    done = true;
    act();
  };
  await test.make({ ...plan, rootfs: [], mounts: [mount], devices: [] });
}

describe('a mount point that is moved in the moment of the mount', () => {
  it('takes the mount along, which is found and undone', async () => {
    const test = new RootTest(scenarioModel(12));
    plant(test.model, root, { a: {}, elsewhere: {} });
    const moved = meanwhile(test, { type: 'tmpfs', destination: '/a', copyUp: false, flags: {} }, () => {
      const { contents } = nodeAt(test.model, root);
      const node = nodeAt(test.model, `${root}/a`);
      assert.ok(contents instanceof StoredDirectory);
      node.links++;
      contents.remove('a');
      nodeAt(test.model, `${root}/elsewhere`).contents?.add('b', node);
      plant(test.model, root, { a: '-> /outside/dir' });
    });
    await assert.rejects(
      moved,
      /^RuntimeError: mount tmpfs on .*rootfs\/a: it went to .*rootfs\/elsewhere\/b$/,
    );
    await test.gone();
  });

  it('is not left covered if it is a file that became a link', async () => {
    const test = new RootTest(scenarioModel(15));
    plant(test.model, root, { hosts: '' });
    const before = outsideOf(test.model);
    const source = { type: 'nullfs', source: '/volumes/v1/data', destination: '/hosts', flags: {} } as const;
    const moved = meanwhile(test, source, () => {
      plant(test.model, root, { hosts: '-> /outside/secret' });
    });
    await assert.rejects(moved, /: it went to \/outside\/secret$/);
    await test.gone();
    assert.deepEqual(outsideOf(test.model), before);
  });
});
