import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MountPlan } from '../../../src/jail/plan/mount.js';
import { mount } from '../../../src/kernel/freebsd/mount.js';
import { nullfsMount } from '../../../src/kernel/freebsd/nullfs.js';
import { statusAt } from '../../../src/kernel/freebsd/file.js';
import { run } from '../../../src/kernel/freebsd/run.js';
import type { Model } from '../../model/model.js';
import { bundle, plan, RootTest, scenarioModel, type Plan } from '../root-scenario.js';
import { plant } from '../root/tree.js';

const root = `${bundle}/rootfs`;

function bind(source: string, destination: string): MountPlan {
  return { type: 'nullfs', source, destination, flags: {} };
}

function only(...mounts: MountPlan[]): Plan {
  return { ...plan, rootfs: [], mounts, devices: [] };
}

/** A nullfs that an administrator has made. */
async function hostMount(model: Model, source: string, target: string): Promise<void> {
  const [from, on] = await run(model.freebsd, (b) => [statusAt(b, source), statusAt(b, target)]);
  await run(model.freebsd, (b) =>
    mount(b, nullfsMount({ path: source, status: from }, { path: target, status: on })),
  );
}

/** What is refused before the call is made, as it would bring the kernel down: the model would say so by a ModelPanic. */
const deadly: [
  what: string,
  wanted: Plan,
  message: RegExp,
  prepare?: (model: Model) => Promise<void> | void,
][] = [
  ['a nullfs on itself', only(bind(`${root}/a`, '/a')), /the mount point lies within the source$/],
  ['a nullfs within its source', only(bind(`${root}/a`, '/a/b')), /the mount point lies within the source$/],
  ['a nullfs of the root in the root', only(bind(root, '/a')), /the mount point lies within the source$/],
  ['a nullfs of the host in the root', only(bind('/', '/a')), /the mount point lies within the source$/],
  [
    'a nullfs of what is above the root',
    only(bind('/jails', '/a')),
    /the mount point lies within the source$/,
  ],
  [
    'a nullfs on its source by a link in the image',
    only(bind(`${root}/a`, '/link')),
    /nullfs of \/jails\/c1\/rootfs\/a on \/jails\/c1\/rootfs\/a: the mount point lies within the source$/,
    (model) => {
      plant(model, root, { link: '-> /a' });
    },
  ],
  [
    'a nullfs on its source by a link on the host',
    only(bind('/alias', '/a')),
    /the mount point lies within the source$/,
    (model) => {
      plant(model, '/', { alias: `-> ${root}/a` });
    },
  ],
  [
    'a cycle of two',
    only(bind('/mnt', '/a')),
    /nullfs of \/mnt on \/jails\/c1\/rootfs\/a: the mount point lies within the source$/,
    (model) => hostMount(model, `${root}/a`, '/mnt'),
  ],
  [
    'a cycle of three',
    only(bind('/home', '/a')),
    /nullfs of \/home on .*: the mount point lies within the source$/,
    async (model) => {
      await hostMount(model, `${root}/a`, '/mnt');
      await hostMount(model, '/mnt', '/home');
    },
  ],
  [
    'a nullfs within what its source shows',
    only(bind('/mnt/sub', '/a/sub/c')),
    /the mount point lies within the source$/,
    async (model) => {
      plant(model, root, { a: { sub: {} } });
      await hostMount(model, `${root}/a`, '/mnt');
    },
  ],
  [
    'a cycle through the root of containerd',
    { ...only(bind('/snapshots/s1/tmp', '/tmp')), rootfs: plan.rootfs },
    /nullfs of \/snapshots\/s1\/tmp on .*rootfs\/tmp: the mount point lies within the source$/,
  ],
  [
    'a cycle through a volume',
    only(bind('/volumes/v1', '/a'), bind('/volumes', '/a/b')),
    /nullfs of \/volumes on .*rootfs\/a\/b: the mount point lies within the source$/,
  ],
  [
    'a nullfs of a fifo',
    only(bind('/volumes/fifo', '/a')),
    /: the source is a fifo$/,
    (model) => {
      plant(model, '/', { volumes: { fifo: 'fifo' } });
    },
  ],
  [
    'a nullfs of a socket',
    only(bind('/volumes/socket', '/a')),
    /: the source is a socket: mount the directory that it is in$/,
    (model) => {
      plant(model, '/', { volumes: { socket: 'socket' } });
    },
  ],
  ['a nullfs of a device', only(bind('/dev/null', '/a')), /: the source is a character device$/],
  [
    'a nullfs of nothing',
    only(bind('/nowhere', '/a')),
    /^RuntimeError: mount on \/\w+: \/nowhere: no such file or directory$/,
  ],
  ['a rootfs on itself', { ...only(), rootfs: [bind(root, '/')] }, /the mount point lies within the source$/],
  [
    'a read-only view within the root',
    { ...only(), root: { path: bundle, readonly: true } },
    /the mount point lies within the source$/,
  ],
  [
    'a directory on a file',
    only(bind('/volumes/v1', '/file')),
    /: ENOTDIR$/,
    (model) => {
      plant(model, root, { file: '' });
    },
  ],
  ['a file on a directory', only(bind('/volumes/v1/data', '/a')), /: a file on a directory$/],
  [
    'a devfs with a ruleset that has no rules',
    only({ type: 'devfs', destination: '/dev', ruleset: 7, flags: {} }),
    /^RuntimeError: devfs ruleset 7 has no rules/,
  ],
  [
    'a directory in a devfs',
    only({ type: 'devfs', destination: '/dev', flags: {} }, bind('/volumes/v1', '/dev/data')),
    /^RuntimeError: mount point .*\/dev\/data: a devfs takes no new directories$/,
  ],
];

describe('mounts that a kernel does not survive, or that say nothing', () => {
  for (const release of [12, 15] as const) {
    for (const [what, wanted, message, prepare] of deadly) {
      it(`are refused on FreeBSD ${release}: ${what}`, async () => {
        const model = scenarioModel(release);
        plant(model, root, { a: {} });
        await prepare?.(model);
        const before = model.remains();
        const test = new RootTest(model);
        await assert.rejects(test.make(wanted), message);
        await test.undo();
        assert.deepEqual(model.remains(), before);
        assert.deepEqual(test.journal.entries(), []);
        assert.deepEqual(test.warnings, []);
      });
    }
  }
});

describe('mounts that look alike and are none of these', () => {
  const fine: [what: string, wanted: Plan, prepare?: (model: Model) => Promise<void>][] = [
    ['a source beside the root', only(bind('/jails/c1/outside', '/a'))],
    ['a source whose name begins as the root', only(bind('/jails/c1/rootfs2', '/a'))],
    ['a directory of the root elsewhere in it', only(bind(`${root}/b`, '/a'))],
    ['a nullfs of a nullfs', only(bind('/mnt', '/a')), (model) => hostMount(model, '/volumes/v1', '/mnt')],
    ['the same volume twice', only(bind('/volumes/v1', '/a'), bind('/volumes/v1', '/b'))],
    ['a volume within another', only(bind('/volumes/v1', '/a'), bind('/jails/c1/outside', '/a/b'))],
  ];
  for (const [what, wanted, prepare] of fine) {
    it(`are made: ${what}`, async () => {
      const model = scenarioModel(12);
      plant(model, bundle, { rootfs: { a: {}, b: {} }, rootfs2: {} });
      await prepare?.(model);
      const before = model.remains();
      const test = new RootTest(model);
      await test.make(wanted);
      assert.equal(model.remains().length, before.length + wanted.mounts.length);
      await test.undo();
      assert.deepEqual(model.remains(), before);
    });
  }

  it('are made: a file on a file, where the kernel can', async () => {
    const model = scenarioModel(15);
    const test = new RootTest(model);
    await test.make(only(bind('/volumes/v1/data', '/etc/data')));
    assert.deepEqual(test.mounts(), [`nullfs on ${root}/etc/data`]);
    await test.gone();
  });
});
