import { contentsOf, requireAccess } from './file-tree.js';
import { fail } from './failure.js';
import { linkAt, makeDirectoryAt, makeSpecialAt, makeSymlinkAt, removeAt, renameAt } from './file-names.js';
import { openAt, startOf } from './file-open.js';
import { lookupExisting } from './lookup.js';
import type { CallContext } from './open-file.js';
import { isReadOnly, pathOf, type Place } from './place.js';
import { holdsDirectory, isChrooted } from './attach.js';
import type { Arguments, SystemCalls } from './system-call.js';
import { writeStat } from './vnode-file.js';

function pathArgument({ memory, system }: CallContext, args: Arguments, index: number): string {
  return memory.text(args.address(index), system.bindings.constants.MAXPATHLEN);
}

/** A file by a descriptor of a directory and a path, with flags that say whether a link is followed. */
function placeAt(context: CallContext, fd: number, path: string, flags: number): Place {
  const { constants: c } = context.system.bindings;
  const known = c.AT_SYMLINK_NOFOLLOW | (c.AT_RESOLVE_BENEATH ?? 0) | (c.AT_EMPTY_PATH ?? 0);
  if ((flags & ~known) !== 0) fail('EINVAL');
  const follow = (flags & c.AT_SYMLINK_NOFOLLOW) === 0;
  return lookupExisting(context.system, context.process, startOf(context, fd, path), path, follow);
}

function requireChangeable({ process }: CallContext, { mount, node }: Place): void {
  if (isReadOnly(mount)) fail('EROFS');
  const { uid } = process.credential;
  if (uid !== 0 && uid !== node.uid) fail('EPERM');
}

const cwd = -100;

export const fileCalls: SystemCalls = {
  openat: (context, args) => {
    return openAt(context, args.int(0), pathArgument(context, args, 1), args.int(2), args.int(3));
  },
  open: (context, args) => openAt(context, cwd, pathArgument(context, args, 0), args.int(1), args.int(2)),
  fstatat: (context, args) => {
    const place = placeAt(context, args.int(0), pathArgument(context, args, 1), args.int(3));
    if (place.mount.lower?.mount.dead === true) return fail('EBADF');
    writeStat(context, place, args.address(2));
    return 0;
  },
  fstat: (context, args) => {
    const { place } = context.process.descriptors.get(args.int(0));
    if (place === undefined) return fail('EOPNOTSUPP');
    if (place.mount.dead) return fail('EBADF');
    writeStat(context, place, args.address(1));
    return 0;
  },
  faccessat: (context, args) => {
    const { AT_EACCESS } = context.system.bindings.constants;
    const path = pathArgument(context, args, 1);
    const { mount, node } = placeAt(context, args.int(0), path, args.int(3) & ~AT_EACCESS);
    const wanted = args.int(2);
    if ((wanted & ~7) !== 0) return fail('EINVAL');
    if ((wanted & 2) !== 0 && isReadOnly(mount)) return fail('EROFS');
    requireAccess(node, context.process, wanted);
    return 0;
  },
  mkdirat: (context, args) => {
    return makeDirectoryAt(context, args.int(0), pathArgument(context, args, 1), args.int(2));
  },
  mkdir: (context, args) => makeDirectoryAt(context, cwd, pathArgument(context, args, 0), args.int(1)),
  mkfifoat: (context, args) => {
    return makeSpecialAt(context, args.int(0), pathArgument(context, args, 1), 'fifo', args.int(2));
  },
  symlinkat: (context, args) => {
    const text = pathArgument(context, args, 0);
    return makeSymlinkAt(context, text, args.int(1), pathArgument(context, args, 2));
  },
  symlink: (context, args) => {
    const text = pathArgument(context, args, 0);
    return makeSymlinkAt(context, text, cwd, pathArgument(context, args, 1));
  },
  rename: (context, args) => {
    const from = [cwd, pathArgument(context, args, 0)] as const;
    return renameAt(context, from, [cwd, pathArgument(context, args, 1)]);
  },
  readlinkat: (context, args) => {
    const { constants: c } = context.system.bindings;
    const path = pathArgument(context, args, 1);
    const { node } = placeAt(context, args.int(0), path, c.AT_SYMLINK_NOFOLLOW);
    if (node.kind !== 'symlink') return fail('EINVAL');
    const text = Buffer.from(node.target).subarray(0, args.long(3));
    context.memory.write(args.address(2), text);
    return text.byteLength;
  },
  unlinkat: (context, args) => {
    const flags = args.int(2);
    const { AT_REMOVEDIR, AT_RESOLVE_BENEATH = 0 } = context.system.bindings.constants;
    if ((flags & ~(AT_REMOVEDIR | AT_RESOLVE_BENEATH)) !== 0) return fail('EINVAL');
    const isDirectory = (flags & AT_REMOVEDIR) !== 0;
    return removeAt(context, args.int(0), pathArgument(context, args, 1), isDirectory);
  },
  unlink: (context, args) => removeAt(context, cwd, pathArgument(context, args, 0), false),
  rmdir: (context, args) => removeAt(context, cwd, pathArgument(context, args, 0), true),
  renameat: (context, args) => {
    const from = [args.int(0), pathArgument(context, args, 1)] as const;
    return renameAt(context, from, [args.int(2), pathArgument(context, args, 3)]);
  },
  linkat: (context, args) => {
    const from = [args.int(0), pathArgument(context, args, 1)] as const;
    return linkAt(context, from, [args.int(2), pathArgument(context, args, 3)]);
  },
  fchmodat: (context, args) => {
    const place = placeAt(context, args.int(0), pathArgument(context, args, 1), args.int(3));
    requireChangeable(context, place);
    place.node.mode = args.int(2) & 0o7777;
    return 0;
  },
  chmod: (context, args) => {
    const place = placeAt(context, cwd, pathArgument(context, args, 0), 0);
    requireChangeable(context, place);
    place.node.mode = args.int(1) & 0o7777;
    return 0;
  },
  chown: (context, args) => {
    const place = placeAt(context, cwd, pathArgument(context, args, 0), 0);
    requireChangeable(context, place);
    place.node.uid = args.unsigned(1);
    place.node.gid = args.unsigned(2);
    return 0;
  },
  link: (context, args) => {
    const from = [cwd, pathArgument(context, args, 0)] as const;
    return linkAt(context, from, [cwd, pathArgument(context, args, 1)]);
  },
  fchownat: (context, args) => {
    const place = placeAt(context, args.int(0), pathArgument(context, args, 1), args.int(4));
    requireChangeable(context, place);
    if (args.int(2) !== -1) place.node.uid = args.unsigned(2);
    if (args.int(3) !== -1) place.node.gid = args.unsigned(3);
    return 0;
  },
  getdirentries: (context, args) => readDirectory(context, args.int(0), args.address(1), args.long(2)),
  chdir: (context, args) => {
    const { process, system } = context;
    const path = pathArgument(context, args, 0);
    process.workingDirectory = directoryAt(
      context,
      lookupExisting(system, process, process.workingDirectory, path, true),
    );
    return 0;
  },
  fchdir: (context, args) => {
    const { place } = context.process.descriptors.get(args.int(0));
    context.process.workingDirectory = directoryAt(context, place ?? fail('ENOTDIR'));
    return 0;
  },
  chroot: (context, args) => {
    const { process, system } = context;
    if (process.credential.uid !== 0) return fail('EPERM');
    const path = pathArgument(context, args, 0);
    const root = directoryAt(context, lookupExisting(system, process, process.workingDirectory, path, true));
    // kern.chroot_allow_open_directories is 1: only who is in another root already must have none open.
    if ((isChrooted(process) || process.jail !== system.jails.host) && holdsDirectory(process))
      return fail('EPERM');
    process.root = root;
    return 0;
  },
  __getcwd: ({ memory, process }, args) => {
    const { mount, node } = process.workingDirectory;
    if (mount.dead) return fail('EBADF');
    if (node.removed) return fail('ENOENT');
    const text = Buffer.from(`${pathOf(process.workingDirectory, process.root)}\0`);
    if (text.byteLength > args.long(1)) return fail('ERANGE');
    memory.write(args.address(0), text);
    return 0;
  },
  umask: ({ process }, args) => {
    const old = process.umask;
    process.umask = args.int(0) & 0o777;
    return old;
  },
};

function directoryAt({ process }: CallContext, place: Place): Place {
  if (place.node.kind !== 'directory') fail('ENOTDIR');
  requireAccess(place.node, process, 1);
  return place;
}

/** The position of a directory is how many of its names were told. */
const positions = new WeakMap<object, number>();

function readDirectory(context: CallContext, fd: number, address: bigint, capacity: number): number {
  const { memory, process, system } = context;
  const file = process.descriptors.get(fd);
  const { place } = file;
  if (place?.node.kind !== 'directory') return fail('EINVAL');
  if (place.mount.dead) return fail('EINVAL');
  if (place.mount.lower?.mount.dead === true) return fail('EBADF');
  if (place.node.removed) return fail('ENOENT');
  const head = system.bindings.layouts.dirent.fields.d_name.offset;
  const all = [['.', place.node], ['..', place.node], ...contentsOf(place.node).list(process)] as const;
  let used = 0;
  let position = positions.get(file) ?? 0;
  for (const [name, node] of all.slice(position)) {
    const text = Buffer.from(name);
    const length = (head + text.byteLength + 8) & ~7;
    if (used + length > capacity) break;
    const at = address + BigInt(used);
    memory.at(at, length).fill(0);
    memory.setU64(at, node.inode);
    memory.setU16(at + 16n, length);
    memory.setU16(at + 20n, text.byteLength);
    memory.write(at + BigInt(head), text);
    used += length;
    position++;
  }
  positions.set(file, position);
  return used;
}
