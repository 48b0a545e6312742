import { KernelError } from '../../kernel/error.js';
import { close, openIn, statusIn, statusOf } from '../../kernel/freebsd/file.js';
import type { FileStatus } from '../../kernel/freebsd/file-status.js';
import { fileSystemOf, type MountedFileSystem } from '../../kernel/freebsd/mounts.js';
import { run } from '../../kernel/freebsd/run.js';
import type { Root } from '../root/root.js';
import { hostPathOf, type Place } from '../root/walk.js';

/** A mount point, open. */
export interface OpenPoint {
  /** The directory to mount on; or with `name`, the one that the file to mount on is in. */
  readonly fd: number;
  readonly name: string | undefined;
  /** On the host, without symbolic links. */
  readonly path: string;
  readonly status: FileStatus;
  /** The file system that it lies on. */
  readonly below: MountedFileSystem;
}

/**
 * Does something with a mount point as long as it is open. What is mounted on a directory meanwhile is not seen by its
 * descriptor: names below that lead to what is covered.
 *
 * @throws KernelError if it is gone again
 */
export async function withOpenPoint<T>(
  root: Root,
  place: Place,
  kind: 'file' | 'directory',
  act: (point: OpenPoint) => Promise<T>,
): Promise<T> {
  const { system } = root;
  const { directory, name } = place;
  const path = hostPathOf(root, place);
  if (place.status === undefined) {
    throw new KernelError({
      platform: 'freebsd',
      call: 'openat',
      object: path,
      errno: system.bindings.errors.ENOENT,
    });
  }
  if (name === undefined || kind === 'file') {
    const found = await run(system, (b) => ({
      status: name === undefined ? statusOf(b, directory, path) : statusIn(b, directory, name, path),
      below: fileSystemOf(b, directory, path),
    }));
    return act({ fd: directory, name, path, ...found });
  }
  const fd = await run(system, (b) => openIn(b, directory, name, { directory: true, object: path }));
  try {
    const found = await run(system, (b) => ({
      status: statusOf(b, fd, path),
      below: fileSystemOf(b, fd, path),
    }));
    return await act({ fd, name: undefined, path, ...found });
  } finally {
    await run(system, (b) => b.attempt(() => close(b, fd)));
  }
}
