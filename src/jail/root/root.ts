import { close, open, openIn } from '../../kernel/freebsd/file.js';
import { fileSystemOf, type MountedFileSystem } from '../../kernel/freebsd/mounts.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { visit } from './visit.js';
import { hostPathOf } from './walk.js';

/**
 * The directory that is the root of a container, open: paths inside it are resolved from its descriptor. What is mounted
 * on that directory later is not seen by it.
 */
export interface Root {
  readonly system: FreeBSD;
  /** On the host: absolute and plain, without symbolic links, as it was when it was opened. */
  readonly path: string;
  readonly fd: number;
}

/**
 * Opens the root of a container by its path on the host, in which symbolic links are followed.
 *
 * @throws KernelError, ENOTDIR if it is no directory
 */
export async function openRoot(system: FreeBSD, path: string): Promise<Root> {
  const { root } = await withHost(system, (host) => openRootBelow(host, path));
  return root;
}

/** An open root, and the file system that it lies on. */
export interface OpenedRoot {
  readonly root: Root;
  readonly on: MountedFileSystem;
}

/** As `openRoot`, for those who have the root of the host open. */
export async function openRootBelow(host: Root, path: string): Promise<OpenedRoot> {
  const { system } = host;
  return visit(host, path, async (place, release) => {
    const { name, directory } = place;
    if (name === undefined) return openHost(system);
    const object = hostPathOf(host, place);
    const { fd, on } = await run(system, (b) => {
      const fd = openIn(b, directory, name, { directory: true, object });
      const released = release(b);
      return { released, fd, on: fileSystemOf(b, fd.value, object) };
    });
    return { root: { system, path: object, fd }, on };
  });
}

/** Does something with the root of the host. */
export async function withHost<T>(system: FreeBSD, act: (host: Root) => Promise<T>): Promise<T> {
  const { root } = await openHost(system);
  try {
    return await act(root);
  } finally {
    await closeRoot(root);
  }
}

/** Opens the root of the host. */
export async function openHost(system: FreeBSD): Promise<OpenedRoot> {
  const { fd, on } = await run(system, (b) => {
    const fd = open(b, '/', { directory: true });
    return { fd, on: fileSystemOf(b, fd.value, '/') };
  });
  return { root: { system, path: '/', fd }, on };
}

/** Closes roots, all of the same system. */
export async function closeRoot(...roots: readonly [Root, ...Root[]]): Promise<void> {
  const [{ system }] = roots;
  // Whatever it says, the descriptor is gone afterwards.
  await run(system, (b) => roots.map(({ fd }) => b.attempt(() => close(b, fd))));
}
