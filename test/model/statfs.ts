import { fail } from './failure.js';
import type { Jail } from './jail.js';
import { pathSeenFrom } from './jail.js';
import { lookupExisting } from './lookup.js';
import { typeNumber, type Mount } from './mount.js';
import { mountTypes } from './mount-types.js';
import type { CallContext } from './open-file.js';
import type { SystemCalls } from './system-call.js';

const unlimitedPages = 114_236n;

/** Which flags of its own a nullfs tells, besides those of what it shows. */
function ownFlagsOfNullfs({ system }: CallContext): bigint {
  const { constants: c } = system.bindings;
  const bits = [c.MNT_RDONLY, c.MNT_NOEXEC, c.MNT_NOSUID, c.MNT_UNION, c.MNT_NOSYMFOLLOW, c.MNT_AUTOMOUNTED];
  return bits.reduce((mask, bit) => mask | BigInt(bit), 0n);
}

/** The flags as statfs(2) tells them; what a nullfs shows has only told them when it was asked itself. */
export function tellFlags(context: CallContext, mount: Mount): bigint {
  const { constants: c } = context.system.bindings;
  let flags = mount.flags;
  if (mountTypes[mount.type]?.silent === true) flags = 0n;
  else if (mount.lower !== undefined) {
    flags = (flags & ownFlagsOfNullfs(context)) | (mount.lower.mount.toldFlags & ~BigInt(c.MNT_ROOTFS));
  } else {
    flags |= BigInt(c.MNT_LOCAL);
  }
  mount.toldFlags = flags;
  return flags;
}

function writeStatfs(context: CallContext, mount: Mount, address: bigint): void {
  const { memory, process, system } = context;
  const { constants: c, layouts } = system.bindings;
  const jailed = process.jail !== system.jails.host;
  const id = new Uint8Array(8);
  const view = new DataView(id.buffer);
  // In a jail all mounts have the same id.
  if (!jailed)
    mount.id.forEach((part, index) => {
      view.setInt32(index * 4, part, true);
    });
  const { bytes, inodes } = mount.fileSystem.limits;
  const { freeBytes, freeInodes } = mount.fileSystem;
  const pages = (size: number): bigint => {
    return Number.isFinite(size) ? BigInt(Math.floor(size / 4096)) : unlimitedPages;
  };
  const files = (count: number): bigint => BigInt(Number.isFinite(count) ? count : 2_147_483_647);
  memory.at(address, layouts.statfs.size).fill(0);
  memory.setFields(address, layouts.statfs, {
    f_version: c.STATFS_VERSION,
    f_type: typeNumber(mount.fileSystem.type),
    f_flags: tellFlags(context, mount),
    f_bsize: 4096n,
    f_iosize: 4096n,
    f_blocks: pages(bytes),
    f_bfree: pages(freeBytes),
    f_bavail: pages(freeBytes),
    f_files: files(inodes),
    f_ffree: files(freeInodes),
    f_namemax: 255,
    f_fsid: id,
    f_fstypename: Buffer.from(mount.type),
    f_mntfromname: Buffer.from(mount.from),
    f_mntonname: Buffer.from(pathFor(process.jail, mount)),
  });
}

/** Where a mount lies, as far as a jail is told: prison_enforce_statfs(). */
function pathFor(jail: Jail, mount: Mount): string {
  if (jail.parent === undefined || jail.enforceStatfs === 0) return mount.on;
  if (mount === jail.root.place.mount) return '/';
  if (jail.enforceStatfs === 1 && isInside(jail, mount)) return pathSeenFrom(mount.on, jail);
  return '[restricted]';
}

function isInside(jail: Jail, mount: Mount): boolean {
  return jail.path === '/' || mount.on === jail.path || mount.on.startsWith(`${jail.path}/`);
}

function isListed(jail: Jail, mount: Mount): boolean {
  if (jail.parent === undefined || jail.enforceStatfs === 0) return true;
  return mount === jail.root.place.mount || (jail.enforceStatfs === 1 && isInside(jail, mount));
}

export const statfsCalls: SystemCalls = {
  statfs: (context, args) => {
    const { memory, process, system } = context;
    const path = memory.text(args.address(0), system.bindings.constants.MAXPATHLEN);
    const { mount } = lookupExisting(system, process, process.workingDirectory, path, true);
    writeStatfs(context, mount, args.address(1));
    return 0;
  },
  fstatfs: (context, args) => {
    const { place } = context.process.descriptors.get(args.int(0));
    if (place === undefined) return fail('EINVAL');
    if (place.mount.dead) return fail('EBADF');
    writeStatfs(context, place.mount, args.address(1));
    return 0;
  },
  getfsstat: (context, args) => {
    const { process, system } = context;
    const { constants: c, layouts } = system.bindings;
    const [buffer, length, mode] = [args.address(0), args.long(1), args.int(2)];
    if (mode !== c.MNT_WAIT && mode !== c.MNT_NOWAIT) return fail('EINVAL');
    const mounts = system.mounts.list.filter((mount) => isListed(process.jail, mount));
    if (buffer === 0n) return mounts.length;
    if (length < 0) return fail('EINVAL');
    if (length === 0) return mounts.length;
    const fitting = mounts.slice(0, Math.floor(length / layouts.statfs.size));
    fitting.forEach((mount, index) => {
      writeStatfs(context, mount, buffer + BigInt(index * layouts.statfs.size));
    });
    return fitting.length;
  },
};
