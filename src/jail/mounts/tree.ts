import type { FileSystemId } from '../../kernel/freebsd/mount.js';
import type { FreeBSD } from '../../kernel/freebsd/run.js';
import { closeRoot, openHost, openRootBelow, type Root } from '../root/root.js';
import { bareOf } from './bare-path.js';
import { sameId } from './unmount.js';

/** A tree to mount in, as mounts need it. */
export interface MountTree {
  readonly root: Root;
  /** The root of the host, where sources are looked for. */
  readonly host: Root;
  /** The root's path without nullfs mounts. */
  readonly bare: string;
  /** The file system of the root. */
  readonly id: FileSystemId;
  /** If `root` only shows a directory read-only: that directory, where mount points can be made. */
  readonly writable: Root | undefined;
}

/** A directory that was just mounted, and what its path is without nullfs mounts. */
export interface KnownBare {
  readonly id: FileSystemId;
  readonly bare: string;
}

/** Opens the host as a tree to mount in: its paths are the administrator's. */
export async function openHostTree(system: FreeBSD): Promise<MountTree> {
  const { root, on } = await openHost(system);
  return { root, host: root, bare: '/', id: on.id, writable: undefined };
}

/**
 * Opens the root of a container by its path on the host.
 *
 * @param known spares the look for what it is without nullfs mounts, if it is that mount
 * @param writable is closed if that fails
 */
export async function openTree(
  host: Root,
  path: string,
  known: KnownBare | undefined,
  writable?: Root,
): Promise<MountTree> {
  const opened = writable === undefined ? [] : [writable];
  try {
    const { root, on } = await openRootBelow(host, path);
    opened.push(root);
    const isKnown = known !== undefined && on.on === root.path && sameId(on.id, known.id);
    const bare = isKnown ? known.bare : await bareOf(host, root.path, on);
    return { root, host, bare, id: on.id, writable };
  } catch (error) {
    for (const root of opened) await closeRoot(root);
    throw error;
  }
}

/** Closes what was opened for a tree, and others with it, which may include the root of the host. */
export async function closeTree({ root, writable }: MountTree, ...others: readonly Root[]): Promise<void> {
  await closeRoot(root, ...(writable === undefined ? [] : [writable]), ...others);
}
