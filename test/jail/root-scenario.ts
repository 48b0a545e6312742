import assert from 'node:assert/strict';
import { makeRoot, type RootRequest } from '../../src/jail/make-root.js';
import { undoRoot } from '../../src/jail/undo-root.js';
import type { Release } from '../../src/kernel/bindings/types.js';
import type { Model } from '../model/model.js';
import { MemoryJournal } from './journal.js';
import type { nodeAt } from './root/tree.js';
import { modelWith, plant, type Tree } from './root/tree.js';

export const bundle = '/jails/c1';

/** What the image of the scenario has. */
export const image: Tree = {
  bin: { sh: 'x shell' },
  etc: { passwd: 'root:*:0:0::/root:/bin/sh\n', 'resolv.conf': '' },
  dev: {},
  tmp: { kept: 'copied', deep: { file: 'copied as well', link: '-> ../kept', fifo: 'fifo' } },
  var: '-> private/var',
  private: { var: {} },
};

/** An image in a snapshot, and a volume. */
export function scenarioModel(release: Release, tree: Tree = image): Model {
  const model = modelWith({}, release);
  plant(model, '/', { snapshots: { s1: tree }, volumes: { v1: { data: 'volume' } } });
  return model;
}

export type Plan = RootRequest['plan'];

/** A root that containerd wants mounted, six mounts and a device. */
export const plan: Plan = {
  root: { path: `${bundle}/rootfs`, readonly: false },
  rootfs: [{ type: 'nullfs', source: '/snapshots/s1', destination: '/', flags: {} }],
  mounts: [
    { type: 'devfs', destination: '/dev', flags: {} },
    { type: 'fdescfs', destination: '/dev/fd', linuxLinks: false, flags: {} },
    { type: 'procfs', destination: '/proc', flags: { noExec: true, noSetId: true } },
    { type: 'tmpfs', destination: '/tmp', size: 1024 * 1024, mode: 0o1777, copyUp: true, flags: {} },
    { type: 'nullfs', source: '/volumes/v1', destination: '/var/lib/data', flags: { readOnly: true } },
    { type: 'tmpfs', destination: '/var/run', copyUp: false, flags: { noExec: true } },
  ],
  devices: [{ pattern: 'bpf*', unhide: true, mode: 0o660 }],
  parameters: { asked: {}, defaults: {} },
};

/** Makes and undoes a root; what was said meanwhile. */
export class RootTest {
  readonly model: Model;
  readonly journal = new MemoryJournal();
  readonly warnings: string[] = [];

  constructor(model: Model) {
    this.model = model;
  }

  /** Makes the root, closes it, and answers what the jail is given. */
  async make(wanted: Plan = plan): Promise<{ path: string; devfsRuleset: number }> {
    const made = await makeRoot(this.model.freebsd, { plan: wanted, bundle, journal: this.journal });
    await made.close();
    return made;
  }

  undo(): Promise<void> {
    return undoRoot(this.model.freebsd, this.journal, (warning) => this.warnings.push(warning));
  }

  /** The mounts, as "type on path". */
  mounts(): string[] {
    return this.model.system.mounts.list.slice(3).map(({ type, on }) => `${type} on ${on}`);
  }

  /** Nothing is left: no mount, descriptor, ruleset, directory, line of the journal. */
  async gone(): Promise<void> {
    await this.undo();
    assert.deepEqual(this.model.remains(), []);
    assert.deepEqual(this.journal.entries(), []);
  }
}

/** A node below a directory, across mounts, by its path on the host. */
export function seenAt(model: Model, path: string): ReturnType<typeof nodeAt> | undefined {
  const { system, kernel } = model;
  let place = kernel.process.root;
  for (const name of path.split('/').filter((part) => part !== '')) {
    const node = place.node.contents?.lookup(name, kernel.process);
    if (node === undefined) return undefined;
    place = { mount: place.mount, node };
    for (;;) {
      const here = place;
      const over = system.mounts.list.find(
        ({ covered }) => covered?.mount === here.mount && covered.node === here.node,
      );
      if (over === undefined) break;
      place = { mount: over, node: over.root };
    }
  }
  return place.node;
}
