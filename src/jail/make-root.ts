import { applyDevfsRuleset } from '../kernel/freebsd/devfs-rules.js';
import { openIn } from '../kernel/freebsd/file.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import type { Journal } from '../runtime/journal.js';
import { makeRuleset, requireRules } from './devices/ruleset.js';
import { usualRules } from './devices/usual.js';
import { verifyDevices } from './devices/verify.js';
import { mountIn, type Mounted } from './mounts/mount-in.js';
import { closeTree, openHostTree, openTree, type KnownBare, type MountTree } from './mounts/tree.js';
import type { JailPlan } from './plan/jail.js';
import type { DevfsPlan, MountPlan } from './plan/mount.js';
import { makeDirectoryIn } from './root/directories.js';
import { openRootBelow, type Root } from './root/root.js';
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
  const host = await openHostTree(system);
  try {
    return await makeRootOn(host, request);
  } catch (error) {
    await closeTree(host);
    throw error;
  }
}

async function makeRootOn(host: MountTree, request: RootRequest): Promise<MadeRoot> {
  const { plan, journal } = request;
  const { system } = host.root;
  const known = await mountRootfs(host, request);
  const ruleset = await rulesetFor(system, request);
  const tree = await openMountTree(host, request, known);
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
    close: () => closeTree(tree, host.root),
  };
}

/** Mounts what containerd wants mounted, and answers what is known of the root by that. */
async function mountRootfs(host: MountTree, { plan, journal }: RootRequest): Promise<KnownBare | undefined> {
  const context = { ruleset: undefined, journal };
  let known: KnownBare | undefined;
  for (const mount of plan.rootfs) {
    if (mount.destination === '/') {
      known = knownOf(await mountIn(host, { ...mount, destination: plan.root.path }, context));
    } else {
      const tree = await openTree(host.root, plan.root.path, known);
      await mountIn(tree, mount, context).finally(() => closeTree(tree));
    }
  }
  return known;
}

function knownOf(mounted: Mounted | undefined): KnownBare | undefined {
  if (mounted?.bare === undefined) return undefined;
  return { id: mounted.there.id, bare: mounted.bare };
}

/**
 * The tree that is to be the jail's. A mount can be read-only, but not all types can become so later, and mount points
 * have to be made before: so a read-only root is a nullfs that shows the root, beside the bundle's own.
 */
async function openMountTree(
  host: MountTree,
  { plan, bundle, journal }: RootRequest,
  known: KnownBare | undefined,
): Promise<MountTree> {
  if (!plan.root.readonly) return openTree(host.root, plan.root.path, known);
  const destination = `${bundle}/readonly-root`;
  const view: MountPlan = {
    type: 'nullfs',
    source: plan.root.path,
    destination,
    flags: { readOnly: true },
  };
  await makeDirectoryIn(host.root, destination, 0o700, journal);
  const shown = knownOf(await mountIn(host, view, { ruleset: undefined, journal }));
  const { root: writable } = await openRootBelow(host.root, plan.root.path);
  return openTree(host.root, destination, shown, writable);
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
