import { isKernelError } from '../../kernel/error.js';
import { mountOn } from '../../kernel/freebsd/mount-on.js';
import type { MountedFileSystem } from '../../kernel/freebsd/mounts.js';
import { RuntimeError } from '../../runtime/error.js';
import type { Journal } from '../../runtime/journal.js';
import type { MountPlan } from '../plan/mount.js';
import { withHost } from '../root/root.js';
import { visit } from '../root/visit.js';
import { bareOf, lookAt, type HostFile } from './bare-path.js';
import { copyFileOver } from './copy-file.js';
import { copyUp } from './copy-up.js';
import { describeMount, mountedKind, mountKind, type MountDetail, type MountedDetail } from './detail.js';
import { makeMountPoint } from './mount-point.js';
import { withOpenPoint, type OpenPoint } from './open-point.js';
import type { MountTree } from './tree.js';
import { sameId } from './unmount.js';
import { mountWanted } from './what.js';

/** What a mount needs besides its plan. */
export interface MountContext {
  /** For a devfs that names none of its own. */
  readonly ruleset: number | undefined;
  readonly journal: Journal;
}

/**
 * Mounts a file system inside the root of a container, and writes it down before and after. The mount point is found, and
 * made if it is missing, inside the root. The kernel mounts on the directory that was found, whatever has become of its
 * path meanwhile; then it is seen whether that is still where it should be.
 *
 * @throws RuntimeError, KernelError. What was made is in the journal.
 */
export async function mountIn(tree: MountTree, plan: MountPlan, context: MountContext): Promise<void> {
  const source = await sourceOf(tree, plan);
  const kind = source?.status.kind === 'file' ? 'file' : 'directory';
  await makeMountPoint(tree, plan.destination, kind, context.journal);
  await visit(tree.root, plan.destination, (place) =>
    withOpenPoint(tree.root, place, kind, async (point) => {
      const mounted = await mountOnPoint(tree, plan, source, point, context);
      if (mounted === undefined) {
        if (source !== undefined) await copyFileOver(tree, plan.destination, source, context.journal);
      } else if (plan.type === 'tmpfs' && plan.copyUp) {
        await copyUp(tree.root, point.fd, plan.destination, mounted);
      }
    }),
  );
}

function sourceOf({ root }: MountTree, plan: MountPlan): Promise<HostFile | undefined> {
  if (plan.type !== 'nullfs') return Promise.resolve(undefined);
  return withHost(root.system, (host) => lookAt(host, plan.source));
}

/** @returns undefined if it is a file, and the kernel mounts none */
async function mountOnPoint(
  tree: MountTree,
  plan: MountPlan,
  source: HostFile | undefined,
  point: OpenPoint,
  { ruleset, journal }: MountContext,
): Promise<MountedFileSystem | undefined> {
  const { path, status, below } = point;
  const bare = plan.type === 'nullfs' ? await barePoint(tree, point) : path;
  const wanted = mountWanted(plan, { path, bare, status }, source, ruleset);
  const detail: MountDetail = { type: plan.type, on: path, below: below.id };
  const seq = journal.making(mountKind, detail);
  const there = await mountOn(tree.root.system, point.fd, wanted, point.name).catch((error: unknown) => {
    if (point.name !== undefined && isKernelError(error, 'ENOTDIR') && error.call === 'nmount')
      return undefined;
    throw error;
  });
  if (there === undefined) {
    journal.unmade(seq);
    return undefined;
  }
  if (there.type !== plan.type || sameId(there.id, below.id)) {
    throw misplaced(detail, `${describeMount(there)} is there`);
  }
  journal.making(mountedKind, { type: there.type, on: there.on, id: there.id } satisfies MountedDetail);
  journal.unmade(seq);
  // Its directory was moved in this moment, or its name became a symbolic link.
  if (there.on !== path) throw misplaced(detail, `it went to ${there.on}`);
  return there;
}

/** Where a mount point lies without nullfs mounts. That of the root, on which most lie, is known. */
function barePoint(tree: MountTree, { path, below }: OpenPoint): Promise<string> {
  if (sameId(below.id, tree.id)) return Promise.resolve(`${tree.bare}${path.slice(tree.root.path.length)}`);
  return withHost(tree.root.system, (host) => bareOf(host, path, below));
}

function misplaced(detail: MountDetail, what: string): RuntimeError {
  return new RuntimeError('failed', `mount ${describeMount(detail)}: ${what}`);
}
