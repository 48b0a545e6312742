import { fail } from './failure.js';
import { FileSystem, newDirectory } from './file-tree.js';
import type { MountType } from './mount-types.js';

/** Data sets: only that they are there, with an empty directory. zfs_mount() of zfs_vfsops.c. */
export const zfs: MountType = {
  mount: ({ context: { process, system }, options }) => {
    const from = options.string('from', 1024) ?? fail('EINVAL');
    // Data sets are a jail's only once they are given to it, and nobody does that here.
    if (process.jail !== system.jails.host) fail('EPERM');
    if (!system.dataSets.has(from)) fail('ENOENT');
    if (system.mounts.list.some((mount) => mount.type === 'zfs' && mount.from === from)) fail('EBUSY');
    const fileSystem = new FileSystem('zfs');
    return { fileSystem, root: newDirectory(fileSystem, 0o755), from };
  },
  update: () => undefined,
};
