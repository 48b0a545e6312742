import type { Bindings } from '../../src/kernel/bindings/types.js';
import type { FileKind } from '../../src/kernel/freebsd/file-status.js';
import { devfsControl } from './devfs-calls.js';
import { fail } from './failure.js';
import type { CallContext, OpenFile } from './open-file.js';
import { isReadOnly, type Place } from './place.js';
import type { Process } from './process.js';

/** An open file or directory. */
export function openVnode(process: Process, place: Place, flags: number): OpenFile {
  let position = 0;
  const file: OpenFile = {
    jail: process.jail,
    references: 0,
    flags,
    place,
    read: ({ memory }, address, length) => {
      if (place.node.kind === 'directory') fail('EISDIR');
      const data = place.node.data.subarray(position, position + length);
      memory.write(address, data);
      position += data.byteLength;
      return data.byteLength;
    },
    write: (context, address, length) => {
      if (isReadOnly(place.mount)) fail('EIO');
      if ((flags & context.system.bindings.constants.O_APPEND) !== 0) position = place.node.data.byteLength;
      const data = context.memory.at(address, length);
      store(place, position, data);
      position += length;
      return length;
    },
    ioctl: (context, request, data) => {
      const tree = place.mount.devfs;
      if (tree === undefined || place.node.kind !== 'directory') return fail('ENOTTY');
      return devfsControl(context, tree, request, data);
    },
  };
  return file;
}

/** A write that does not fit fails as a whole. */
function store({ node }: Place, position: number, data: Uint8Array): void {
  const { fileSystem } = node;
  const size = Math.max(node.data.byteLength, position + data.byteLength);
  if (size > fileSystem.maxFileSize) fail('EFBIG');
  const growth = size - node.data.byteLength;
  if (growth > fileSystem.freeBytes) fail('ENOSPC');
  fileSystem.freeBytes -= growth;
  const bytes = new Uint8Array(size);
  bytes.set(node.data);
  bytes.set(data, position);
  node.data = bytes;
}

/** The bits of st_mode for each kind of file. */
export function kindBits({ constants: c }: Bindings, kind: FileKind): number {
  const bits: Readonly<Record<FileKind, number>> = {
    file: c.S_IFREG,
    directory: c.S_IFDIR,
    symlink: c.S_IFLNK,
    fifo: c.S_IFIFO,
    socket: c.S_IFSOCK,
    'character device': c.S_IFCHR,
    'block device': c.S_IFBLK,
  };
  return bits[kind];
}

/** Writes a struct stat. */
export function writeStat({ memory, system }: CallContext, { mount, node }: Place, address: bigint): void {
  const { layouts } = system.bindings;
  memory.at(address, layouts.stat.size).fill(0);
  memory.setFields(address, layouts.stat, {
    st_dev: BigInt(mount.id[0] >>> 0) * 1000n + BigInt(mount.id[1]),
    st_ino: node.inode,
    st_nlink: BigInt(node.removed ? 0 : node.links),
    st_mode: kindBits(system.bindings, node.kind) | node.mode,
    st_uid: node.uid,
    st_gid: node.gid,
    st_size: BigInt(node.kind === 'symlink' ? Buffer.byteLength(node.target) : node.data.byteLength),
    st_blksize: 4096,
  });
}
