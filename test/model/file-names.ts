import { contentsOf, newDirectory, requireAccess } from './file-tree.js';
import { fail } from './failure.js';
import { createFile, requireWritable, startOf } from './file-open.js';
import { lookup, lookupExisting, type Found } from './lookup.js';
import type { CallContext } from './open-file.js';
import { samePlace, type Place } from './place.js';

/** mkdirat(2): set-id and sticky bits are dropped. */
export function makeDirectoryAt(context: CallContext, fd: number, path: string, mode: number): number {
  const { process, system } = context;
  const start = startOf(context, fd, path);
  const found = lookup(system, process, start, path.replace(/(?<=[^/])\/+$/, ''), false);
  if (found.place !== undefined) fail('EEXIST');
  requireWritable(found.directory);
  requireAccess(found.directory.node, process, 3);
  refuseNewNames(found.directory);
  const node = newDirectory(found.directory.node.fileSystem, mode & 0o777 & ~process.umask);
  node.uid = process.credential.uid;
  node.gid = found.directory.node.gid;
  contentsOf(found.directory.node).add(found.name, node);
  return 0;
}

/** devfs has no directories but its own. */
function refuseNewNames({ mount }: Place): void {
  if (mount.devfs !== undefined) fail('EOPNOTSUPP');
}

/** symlinkat(2). */
export function makeSymlinkAt(context: CallContext, text: string, fd: number, path: string): number {
  const found = lookup(context.system, context.process, startOf(context, fd, path), path, false);
  if (found.place !== undefined) fail('EEXIST');
  if (found.slash) fail('ENOENT');
  if (context.process.jail !== context.system.jails.host && found.directory.mount.devfs !== undefined) {
    fail('EPERM');
  }
  createFile(context, found, 'symlink', 0o777).node.target = text;
  return 0;
}

/** mkfifoat(2), and what bind(2) makes. */
export function makeSpecialAt(
  context: CallContext,
  fd: number,
  path: string,
  kind: 'fifo' | 'socket',
  mode: number,
): number {
  const found = lookup(context.system, context.process, startOf(context, fd, path), path, false);
  if (found.place !== undefined) fail('EEXIST');
  refuseNewNames(found.directory);
  createFile(context, found, kind, mode & 0o7777);
  return 0;
}

/** unlinkat(2). */
export function removeAt(context: CallContext, fd: number, path: string, isDirectory: boolean): number {
  const { process, system } = context;
  const found = lookup(system, process, startOf(context, fd, path), path, false);
  const last = path
    .split('/')
    .filter((name) => name !== '')
    .at(-1);
  requireWritable(found.directory);
  if (last === '.' || last === '..') fail('EINVAL');
  const place = found.place ?? fail('ENOENT');
  requireAccess(found.directory.node, process, 3);
  if (isDirectory) checkRemovableDirectory(context, found, place);
  else if (place.node.kind === 'directory') fail('EPERM');
  contentsOf(found.directory.node).remove(found.name);
  if (isDirectory) place.node.removed = true;
  return 0;
}

function checkRemovableDirectory({ process }: CallContext, { directory }: Found, place: Place): void {
  if (place.node.kind !== 'directory') fail('ENOTDIR');
  if (place.mount !== directory.mount) fail('EBUSY');
  if (place.mount.devfs !== undefined) fail('EOPNOTSUPP');
  if (contentsOf(place.node).list(process).length > 0) fail('ENOTEMPTY');
}

/** renameat(2). */
export function renameAt(
  context: CallContext,
  [fromFd, from]: readonly [number, string],
  [toFd, to]: readonly [number, string],
): number {
  const { process, system } = context;
  const source = lookup(system, process, startOf(context, fromFd, from), from, false);
  const target = lookup(system, process, startOf(context, toFd, to), to, false);
  const moved = source.place ?? fail('ENOENT');
  if (source.directory.mount.devfs !== undefined) fail('EOPNOTSUPP');
  if (moved.mount !== source.directory.mount) fail('EOPNOTSUPP');
  if (source.directory.mount !== target.directory.mount) fail('EXDEV');
  if (target.place !== undefined && target.place.mount !== target.directory.mount) fail('EXDEV');
  requireWritable(source.directory);
  if (target.place !== undefined) replace(context, moved, target.place, target);
  const links = moved.node.links;
  moved.node.links = 2;
  contentsOf(source.directory.node).remove(source.name);
  moved.node.links = links;
  contentsOf(target.directory.node).add(target.name, moved.node);
  return 0;
}

function replace({ process }: CallContext, moved: Place, there: Place, target: Found): void {
  if (samePlace(moved, there)) return;
  const directory = there.node.kind === 'directory';
  if (directory !== (moved.node.kind === 'directory')) fail(directory ? 'EISDIR' : 'ENOTDIR');
  if (directory && contentsOf(there.node).list(process).length > 0) fail('ENOTEMPTY');
  contentsOf(target.directory.node).remove(target.name);
  there.node.removed = true;
}

/** linkat(2). */
export function linkAt(
  context: CallContext,
  [fromFd, from]: readonly [number, string],
  [toFd, to]: readonly [number, string],
): number {
  const { process, system } = context;
  const source = lookupExisting(system, process, startOf(context, fromFd, from), from, false);
  const target = lookup(system, process, startOf(context, toFd, to), to, false);
  if (target.place !== undefined) fail('EEXIST');
  if (source.mount !== target.directory.mount) fail('EXDEV');
  if (source.mount.devfs !== undefined) fail('EOPNOTSUPP');
  if (source.node.kind === 'directory') fail('EPERM');
  requireWritable(target.directory);
  source.node.links++;
  contentsOf(target.directory.node).add(target.name, source.node);
  return 0;
}
