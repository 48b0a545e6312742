import { FileSystem, newDirectory } from './file-tree.js';
import { fail } from './failure.js';
import type { Mount } from './mount.js';
import { refuseUnknown } from './mount-options.js';
import type { MountParts, MountRequest } from './mount-types.js';
import { textOf, type OptionList } from './option-list.js';
import { scanPrefix, scanSize } from './scan.js';
import { isOpenForWriting } from './usage.js';

const pageSize = 4096n;
const nodesPerPage = 14;

/** tmpfs(5). Numbers that it cannot read it takes for "no limit" or "as the covered directory", without a word. */
export function mountTmpfs({ options, covered }: MountRequest): MountParts {
  const known = ['from', 'size', 'maxfilesize', 'inodes', 'uid', 'gid', 'mode', 'nonc', 'union', 'export'];
  refuseUnknown(options, known);
  const fileSystem = new FileSystem('tmpfs');
  const size = limitOf(options, 'size');
  const pages = size === undefined ? undefined : (size + pageSize - 1n) / pageSize;
  const inodes = limitOf(options, 'inodes');
  if (pages !== undefined) fileSystem.freeBytes = Number(pages * pageSize);
  if (inodes !== undefined && inodes > 3n) fileSystem.freeInodes = Number(inodes);
  else if (pages !== undefined) fileSystem.freeInodes = Number(pages) * nodesPerPage;
  fileSystem.maxFileSize = Number(limitOf(options, 'maxfilesize') ?? Number.MAX_SAFE_INTEGER);
  fileSystem.limits = { bytes: fileSystem.freeBytes, inodes: fileSystem.freeInodes };
  const mode = scanned(options, 'mode', 8) ?? covered.node.mode;
  const root = newDirectory(fileSystem, mode & 0o7777);
  root.uid = (scanned(options, 'uid', 10) ?? covered.node.uid) >>> 0;
  root.gid = (scanned(options, 'gid', 10) ?? covered.node.gid) >>> 0;
  return { fileSystem, root, from: 'tmpfs' };
}

/** Only whether it is read-only can be changed. */
export function updateTmpfs(mount: Mount, { context, options, wish }: Omit<MountRequest, 'covered'>): void {
  const mountable = [
    'from',
    'size',
    'maxfilesize',
    'inodes',
    'uid',
    'gid',
    'mode',
    'nonc',
    'union',
    'export',
  ];
  refuseUnknown(options, mountable);
  refuseUnknown(options, ['from', 'export', 'size'], 'EOPNOTSUPP');
  const size = limitOf(options, 'size');
  if (options.has('size') && Number(size ?? 0n) !== mount.fileSystem.limits.bytes) fail('EOPNOTSUPP');
  if (wish.readOnly === true && !mount.readOnly && !wish.force && isOpenForWriting(context.system, mount)) {
    fail('EBUSY');
  }
}

function limitOf(options: OptionList, name: string): bigint | undefined {
  const text = valueOf(options, name);
  const size = text === undefined ? undefined : scanSize(text);
  return size === undefined || size <= 0n ? undefined : size;
}

function scanned(options: OptionList, name: string, radix: 8 | 10): number | undefined {
  const text = valueOf(options, name);
  return text === undefined ? undefined : scanPrefix(text, radix);
}

/** Text only: a number in binary has no NUL where one has to be. */
function valueOf(options: OptionList, name: string): string | undefined {
  const { value } = options.take(name) ?? {};
  return value?.at(-1) === 0 ? textOf(value) : undefined;
}
