import { applyDevfsRuleset } from '../kernel/freebsd/devfs-rules.js';
import { openIn } from '../kernel/freebsd/file.js';
import { fileSystemOf } from '../kernel/freebsd/mounts.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import type { Journal } from '../runtime/journal.js';
import { makeRuleset, requireRules } from './devices/ruleset.js';
import { usualRules } from './devices/usual.js';
import { verifyDevices } from './devices/verify.js';
import { mountIn } from './mounts/mount-in.js';
import { closeTree, openTree, type MountTree } from './mounts/tree.js';
import type { JailPlan } from './plan/jail.js';
import type { DevfsPlan, MountPlan } from './plan/mount.js';
import { makeDirectoryIn } from './root/directories.js';
import { openRoot, withHost, type Root } from './root/root.js';
import { visit } from './root/visit.js';

/** What the root of a container is made from. */
export interface RootRequest {
  readonly plan: Pick<JailPlan, 'root' | 'rootfs' | 'mounts' | 'devices' | 'parameters'>;
  /** The bundle's directory: absolute. A root that is read-only is shown there. */
  readonly bundle: string;
  readonly journal: Journal;
}

/** The root of a container, with all mounts. */
export interface MadeRoot {
  /** On the host, without symbolic links: the `path` of the jail. */
  readonly path: string;
  /** The ruleset for what is mounted in the jail later: its `devfs_ruleset`. 0: it must not mount a devfs. */
  readonly devfsRuleset: number;
  /** Open, for what has to be looked up or made inside. An open root keeps its mount busy. */
  readonly tree: MountTree;
  close(): Promise<void>;
}

/**
 * Makes the root of a container: what containerd wants mounted there, a read-only view of it if the spec wants that, a
 * devfs ruleset, and the spec's mounts in their order.
 *
 * @throws RuntimeError, KernelError. What was made is in the journal, for `undoRoot`.
 */
export async function makeRoot(system: FreeBSD, request: RootRequest): Promise<MadeRoot> {
  const { plan, journal } = request;
  await mountRootfs(system, request);
  const ruleset = await rulesetFor(system, request);
  const tree = await openMountTree(system, request);
  try {
    for (const mount of plan.mounts) {
      await mountIn(tree, mount, { ruleset, journal });
      if (mount.type === 'devfs') await finishDevices(tree.root, mount, request, ruleset);
    }
  } catch (error) {
    await closeTree(tree);
    throw error;
  }
  const administrators = plan.mounts.find(isDevfs)?.ruleset;
  return {
    path: tree.root.path,
    devfsRuleset: administrators ?? ruleset ?? 0,
    tree,
    close: () => closeTree(tree),
  };
}

async function mountRootfs(system: FreeBSD, { plan, journal }: RootRequest): Promise<void> {
  const context = { ruleset: undefined, journal };
  for (const mount of plan.rootfs) {
    if (mount.destination === '/') {
      await onHost(system, (host) => mountIn(host, { ...mount, destination: plan.root.path }, context));
    } else {
      const tree = await openTree(system, plan.root.path);
      await mountIn(tree, mount, context).finally(() => closeTree(tree));
    }
  }
}

/** The host as a tree to mount in: its paths are the administrator's. */
function onHost<T>(system: FreeBSD, act: (tree: MountTree) => Promise<T>): Promise<T> {
  return withHost(system, async (root) => {
    const { id } = await run(system, (b) => fileSystemOf(b, root.fd, '/'));
    return act({ root, bare: '/', id, writable: undefined });
  });
}

/**
 * The tree that is to be the jail's. A mount can be read-only, but not all types can become so later, and mount points
 * have to be made before: so a read-only root is a nullfs that shows the root, beside the bundle's own.
 */
async function openMountTree(system: FreeBSD, { plan, bundle, journal }: RootRequest): Promise<MountTree> {
  if (!plan.root.readonly) return openTree(system, plan.root.path);
  const destination = `${bundle}/readonly-root`;
  const view: MountPlan = {
    type: 'nullfs',
    source: plan.root.path,
    destination,
    flags: { readOnly: true },
  };
  await onHost(system, async (host) => {
    await makeDirectoryIn(host.root, destination, 0o700, journal);
    await mountIn(host, view, { ruleset: undefined, journal });
  });
  return openTree(system, destination, await openRoot(system, plan.root.path));
}

function isDevfs(mount: MountPlan): mount is DevfsPlan {
  return mount.type === 'devfs';
}

/** A ruleset of the container's own, if it can ever see a devfs. */
async function rulesetFor(system: FreeBSD, { plan, journal }: RootRequest): Promise<number | undefined> {
  const mounts = plan.mounts.filter(isDevfs);
  for (const { ruleset } of mounts) if (ruleset !== undefined) await requireRules(system, ruleset);
  const usual = mounts.some(({ ruleset }) => ruleset === undefined);
  const { asked, defaults } = plan.parameters;
  const mayMount = { ...defaults, ...asked }['allow.mount.devfs'] === true;
  if (!usual && !mayMount && plan.devices.length === 0) return undefined;
  // Behind an administrator's ruleset, only the devices that were asked for are added.
  const rules = mounts.length > 0 && !usual ? plan.devices : [...usualRules, ...plan.devices];
  return makeRuleset(system, rules, journal);
}

async function finishDevices(
  root: Root,
  { destination, ruleset: administrators }: DevfsPlan,
  { plan }: RootRequest,
  own: number | undefined,
): Promise<void> {
  if (administrators === undefined) {
    await verifyDevices(root, destination, plan.devices);
  } else if (own !== undefined) {
    await visit(root, destination, async ({ directory, name }) => {
      if (name === undefined) return;
      await run(root.system, (b) => {
        const fd = b.temporary(openIn(b, directory, name, { directory: true, object: destination }).value);
        return applyDevfsRuleset(b, fd, own);
      });
    });
  }
}
