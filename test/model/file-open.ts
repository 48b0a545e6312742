import { contentsOf, Node, requireAccess } from './file-tree.js';
import { fail } from './failure.js';
import { lookup, type Found } from './lookup.js';
import type { CallContext } from './open-file.js';
import { isReadOnly, type Place } from './place.js';
import { openVnode } from './vnode-file.js';

/** Where a path that is relative to a descriptor begins. */
export function startOf({ process, system }: CallContext, fd: number, path: string): Place {
  if (fd === system.bindings.constants.AT_FDCWD || path.startsWith('/')) return process.workingDirectory;
  const { place } = process.descriptors.get(fd);
  return place?.node.kind === 'directory' ? place : fail('ENOTDIR');
}

/** openat(2). */
export function openAt(context: CallContext, fd: number, path: string, flags: number, mode: number): number {
  const { process, system } = context;
  const { constants: c } = system.bindings;
  const access = flags & 3;
  const executes = (flags & c.O_EXEC) !== 0;
  if (access === 3 || (executes && access !== 0)) fail('EINVAL');
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const exclusive = has(c.O_CREAT) && has(c.O_EXCL);
  const follow = !has(c.O_NOFOLLOW) && !exclusive;
  const beneath = has(c.O_RESOLVE_BENEATH ?? 0);
  const found = lookup(system, process, startOf(context, fd, path), path, follow, beneath);
  if (found.place === undefined) {
    // With O_DIRECTORY nothing is made.
    if (!has(c.O_CREAT) || has(c.O_DIRECTORY)) fail('ENOENT');
    const place = createFile(context, found, 'file', mode & 0o7777);
    return addFile(context, place, flags);
  }
  const { place } = found;
  if (exclusive) fail('EEXIST');
  if (place.node.kind === 'symlink') fail('EMLINK');
  if (has(c.O_DIRECTORY) && place.node.kind !== 'directory') fail('ENOTDIR');
  if (access !== 0 || has(c.O_TRUNC)) {
    if (place.node.kind === 'directory') fail('EISDIR');
    if (isReadOnly(place.mount) && place.node.kind === 'file') fail('EROFS');
  }
  requireAccess(place.node, process, executes ? 1 : (access !== 1 ? 4 : 0) | (access !== 0 ? 2 : 0));
  if (place.node.kind === 'fifo' && access === 1 && has(c.O_NONBLOCK)) fail('ENXIO');
  if (has(c.O_TRUNC)) place.node.data = new Uint8Array(0);
  return addFile(context, place, flags);
}

function addFile({ process, system }: CallContext, place: Place, flags: number): number {
  const { device } = place.node;
  const file = device === undefined ? openVnode(process, place, flags) : device.open(process, flags);
  // Whatever is opened by a name in a file system keeps that busy; a descriptor of fdescfs is another one's copy.
  if (device !== undefined && file.references === 0) Object.assign(file, { place });
  return process.descriptors.add(file, (flags & system.bindings.constants.O_CLOEXEC) !== 0);
}

/** Makes a file of some kind where nothing is. */
export function createFile(
  { process }: CallContext,
  { directory, name }: Found,
  kind: 'file' | 'fifo' | 'symlink' | 'socket',
  mode: number,
): Place {
  requireWritable(directory);
  requireAccess(directory.node, process, 3);
  // What takes no new names says so before it spends an inode.
  const node = new Node(directory.node.fileSystem, kind, mode & ~process.umask);
  node.uid = process.credential.uid;
  node.gid = directory.node.gid;
  contentsOf(directory.node).add(name, node);
  return { mount: directory.mount, node };
}

/** Whether names can be added to and taken from a directory. */
export function requireWritable(directory: Place): void {
  if (isReadOnly(directory.mount)) fail('EROFS');
}
