import type { FileSystemId } from '../../kernel/freebsd/mount.js';
import { fileSystemOf } from '../../kernel/freebsd/mounts.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { closeRoot, openRoot, withHost, type Root } from '../root/root.js';
import { lookAt } from './bare-path.js';

/** The root of a container as mounts need it. */
export interface MountTree {
  readonly root: Root;
  /** The same without nullfs mounts. */
  readonly bare: string;
  /** The file system of the root. */
  readonly id: FileSystemId;
  /** If `root` only shows a directory read-only: that directory, where mount points can be made. */
  readonly writable: Root | undefined;
}

/**
 * Opens the root of a container by its path on the host.
 *
 * @param writable is closed if that fails
 */
export async function openTree(system: FreeBSD, path: string, writable?: Root): Promise<MountTree> {
  const opened = writable === undefined ? [] : [writable];
  try {
    const root = await openRoot(system, path);
    opened.push(root);
    const { id } = await run(system, (b) => fileSystemOf(b, root.fd, root.path));
    const { bare } = await withHost(system, (host) => lookAt(host, root.path));
    return { root, bare, id, writable };
  } catch (error) {
    for (const root of opened) await closeRoot(root);
    throw error;
  }
}

export async function closeTree({ root, writable }: MountTree): Promise<void> {
  await closeRoot(root);
  if (writable !== undefined) await closeRoot(writable);
}
