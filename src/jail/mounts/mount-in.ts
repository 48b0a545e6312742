import { isKernelError } from '../../kernel/error.js';
import { mountOn } from '../../kernel/freebsd/mount-on.js';
import type { MountedFileSystem } from '../../kernel/freebsd/mounts.js';
import { RuntimeError } from '../../runtime/error.js';
import type { Journal } from '../../runtime/journal.js';
import type { MountPlan } from '../plan/mount.js';
import { visit, type Release } from '../root/visit.js';
import type { Place } from '../root/walk.js';
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

/** A file system that was mounted. */
export interface Mounted {
  readonly there: MountedFileSystem;
  /** What a nullfs shows, without nullfs mounts. */
  readonly bare: string | undefined;
}

/**
 * Mounts a file system inside the root of a container, and writes it down before and after. The mount point is found, and
 * made if it is missing, inside the root. The kernel mounts on the directory that was found, whatever has become of its
 * path meanwhile; then it is seen whether that is still where it should be.
 *
 * @returns undefined if a file was copied, as the kernel mounts none
 * @throws RuntimeError, KernelError. What was made is in the journal.
 */
export async function mountIn(
  tree: MountTree,
  plan: MountPlan,
  context: MountContext,
): Promise<Mounted | undefined> {
  const source =
    plan.type === 'nullfs' ? await lookAt(tree.host, plan.source, `mount on ${plan.destination}`) : undefined;
  const kind = source?.status.kind === 'file' ? 'file' : 'directory';
  const mounting: Mounting = { tree, plan, source, kind, context };
  const first = await visit<Mounted | 'missing' | undefined>(
    tree.root,
    plan.destination,
    (place, release) => {
      const { status } = place;
      const fits = status !== undefined && (kind === 'file' || status.kind === 'directory');
      return fits ? mountOnPlace(mounting, place, release) : Promise.resolve('missing');
    },
  );
  if (first !== 'missing') return first;
  await makeMountPoint(tree, plan.destination, kind, context.journal);
  return visit(tree.root, plan.destination, (place, release) => mountOnPlace(mounting, place, release));
}

/** A mount that is to be made, with what was found out for it. */
interface Mounting {
  readonly tree: MountTree;
  readonly plan: MountPlan;
  readonly source: HostFile | undefined;
  readonly kind: 'file' | 'directory';
  readonly context: MountContext;
}

function mountOnPlace(mounting: Mounting, place: Place, release: Release): Promise<Mounted | undefined> {
  const { tree, plan, source, kind, context } = mounting;
  return withOpenPoint(tree.root, place, kind, release, async (point) => {
    const there = await mountOnPoint(mounting, point);
    if (there === undefined) {
      if (source !== undefined) await copyFileOver(tree, plan.destination, source, context.journal);
      return undefined;
    }
    if (fillsItself(plan)) await copyUp(tree.root, point.fd, plan.destination, there);
    return { there, bare: source?.bare };
  });
}

/** Whether what it covers has to be read when it is there. */
function fillsItself(plan: MountPlan): boolean {
  return plan.type === 'tmpfs' && plan.copyUp;
}

/** @returns undefined if it is a file, and the kernel mounts none */
async function mountOnPoint(
  { tree, plan, source, context: { ruleset, journal } }: Mounting,
  point: OpenPoint,
): Promise<MountedFileSystem | undefined> {
  const { path, status, below } = point;
  const bare = plan.type === 'nullfs' ? await barePoint(tree, point) : path;
  const wanted = mountWanted(plan, { path, bare, status }, source, ruleset);
  const detail: MountDetail = { type: plan.type, on: path, below: below.id };
  const seq = journal.making(mountKind, detail);
  const after = fillsItself(plan) ? undefined : point.release;
  const mounting = mountOn(tree.root.system, point.fd, wanted, point.name, after);
  const there = await mounting.catch((error: unknown) => {
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
  return bareOf(tree.host, path, below);
}

function misplaced(detail: MountDetail, what: string): RuntimeError {
  return new RuntimeError('failed', `mount ${describeMount(detail)}: ${what}`);
}
