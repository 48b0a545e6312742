import { KernelError } from '../../kernel/error.js';
import type { Step } from '../../kernel/freebsd/batch-builder.js';
import { close, openIn, statusIn, statusOf } from '../../kernel/freebsd/file.js';
import type { FileStatus } from '../../kernel/freebsd/file-status.js';
import { fileSystemOf, type MountedFileSystem } from '../../kernel/freebsd/mounts.js';
import { run } from '../../kernel/freebsd/run.js';
import type { Root } from '../root/root.js';
import type { Release } from '../root/visit.js';
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
  /** Has it closed at the end of a batch, after which it is of no use. */
  readonly release: Release;
}

/**
 * Does something with a mount point as long as it is open. What is mounted on a directory meanwhile is not seen by its
 * descriptor: names below that lead to what is covered.
 *
 * @param release of the place
 * @throws KernelError if it is gone again
 */
export async function withOpenPoint<T>(
  root: Root,
  place: Place,
  kind: 'file' | 'directory',
  release: Release,
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
    return act({ fd: directory, name, path, release, ...found });
  }
  const { fd, ...found } = await run(system, (b) => {
    const fd = openIn(b, directory, name, { directory: true, object: path });
    return { fd, status: statusOf(b, fd.value, path), below: fileSystemOf(b, fd.value, path) };
  });
  const state = { open: true };
  const closing: Release = (b): Step<unknown> => {
    const released = release(b);
    const closed = b.attempt(() => close(b, fd));
    return {
      value: closed.value,
      decode: (outcome) => {
        state.open = false;
        released.decode(outcome);
      },
    };
  };
  try {
    return await act({ fd, name: undefined, path, release: closing, ...found });
  } finally {
    if (state.open) await run(system, closing);
  }
}
