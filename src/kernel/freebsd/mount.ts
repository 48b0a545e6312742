import type { Span } from '../arena.js';
import type { BatchBuilder, Step } from './batch-builder.js';
import { checkId, checkInteger, checkNonEmpty, checkPlainPath, required } from './check.js';
import type { NullfsMount } from './nullfs.js';

// Room for the kernel's words; longer ones are cut.
const errmsgLength = 256;

/** What holds for a mount of any type. What is left out is off. */
export interface MountFlags {
  readonly readOnly?: boolean;
  readonly noExec?: boolean;
  readonly noSetId?: boolean;
  readonly noAccessTime?: boolean;
  readonly noSymlinkFollow?: boolean;
  readonly union?: boolean;
  /** Fail with EBUSY if something is mounted there already: FreeBSD 13 and later. */
  readonly noCover?: boolean;
}

interface At {
  /** The mount point: absolute and plain. The kernel follows symbolic links in it. */
  readonly target: string;
  readonly flags?: MountFlags;
}

/** Sizes are in bytes, ids and mode as numbers: tmpfs takes words that it does not understand for "no limit". */
export interface TmpfsMount extends At {
  readonly type: 'tmpfs';
  readonly size?: number;
  readonly inodes?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

export interface DevfsMount extends At {
  readonly type: 'devfs';
  /** Hides devices. A ruleset that nobody defined hides none; without one everything is there. */
  readonly ruleset?: number;
}

export interface FdescfsMount extends At {
  readonly type: 'fdescfs';
  /** Show the descriptors as symbolic links to what is open, as Linux does. */
  readonly linuxLinks?: boolean;
}

export interface PlainMount extends At {
  readonly type: 'procfs' | 'linprocfs' | 'linsysfs';
}

/** A file system with a source of its own: a device of ufs, a data set of zfs. */
export interface SourceMount extends At {
  readonly type: 'ufs' | 'zfs' | 'cd9660' | 'msdosfs';
  readonly from: string;
}

export type Mount = NullfsMount | TmpfsMount | DevfsMount | FdescfsMount | PlainMount | SourceMount;

/**
 * Mounts a file system: nmount(2). Only options that the type knows can be given, as several types silently take
 * any other. A nullfs comes from `nullfsMount`.
 *
 * @throws RangeError naming the field that cannot be
 */
export function mount(b: BatchBuilder, what: Mount): Step<void> {
  return nmount(b, what, mountFlags(b, what.flags ?? {}));
}

/**
 * Mounts a file system on the working directory, or on a name in it: nothing that others do to the path that leads there
 * can make the kernel mount elsewhere, but for the name itself, if that becomes a symbolic link. For messages, and for
 * checks, it is on `what.target`.
 *
 * @param name undefined for the working directory itself
 */
export function mountHere(b: BatchBuilder, what: Mount, name?: string): Step<void> {
  return nmount(b, what, mountFlags(b, what.flags ?? {}), { at: name ?? '.' });
}

/**
 * Changes the flags of a mount that is there, to exactly those given: what is left out is off afterwards. nullfs,
 * fdescfs and the proc file systems cannot be changed (EOPNOTSUPP).
 *
 * @param force read-only even with files open for writing
 */
export function updateMount(
  b: BatchBuilder,
  what: TmpfsMount | DevfsMount | SourceMount,
  { force = false } = {},
): Step<void> {
  const { MNT_UPDATE, MNT_FORCE } = b.bindings.constants;
  const flags = mountFlags(b, what.flags ?? {}) | MNT_UPDATE | (force ? MNT_FORCE : 0);
  // A tmpfs refuses to be told its size anew; the kernel remembers "ro" until it hears "rw".
  const bare: Mount = what.type === 'tmpfs' ? { type: what.type, target: what.target } : what;
  return nmount(b, bare, flags, { more: what.flags?.readOnly === true ? 'ro' : 'rw' });
}

function nmount(
  b: BatchBuilder,
  what: Mount,
  flags: number,
  { more, at = what.target }: { more?: string; at?: string } = {},
): Step<void> {
  const { MNAMELEN, MFSNAMELEN } = b.bindings.constants;
  checkPlainPath('mount target', what.target, MNAMELEN);
  const options: (Span | null)[] = [];
  const add = (name: string, value?: string): void => {
    options.push(b.arena.textSpan(name, 'mount option'));
    options.push(value === undefined ? null : b.arena.textSpan(value, name, MNAMELEN));
  };
  add('fstype', checkNonEmpty('mount type', what.type, MFSNAMELEN));
  add('fspath', at);
  for (const [name, value] of optionsOf(b, what)) add(name, value);
  if (what.flags?.noCover === true) {
    required(b.bindings.constants.MNT_NOCOVER, 'nocover', b.bindings.release);
    add('nocover');
  }
  if (more !== undefined) add(more);
  const errmsg = { offset: b.arena.reserve(errmsgLength), length: errmsgLength };
  const all = [...options, b.arena.textSpan('errmsg', 'mount option'), errmsg];
  const args = [{ arena: b.arena.iovecs(all) }, all.length, flags];
  const value = b.call('nmount', args, { object: `${what.type} on ${what.target}`, errmsg });
  return { value, decode: () => undefined };
}

/** As bits: tmpfs and devfs refuse the names of some of them, and take all bits. */
function mountFlags(b: BatchBuilder, flags: MountFlags): number {
  const c = b.bindings.constants;
  const bits: [on: boolean | undefined, bit: number][] = [
    [flags.readOnly, c.MNT_RDONLY],
    [flags.noExec, c.MNT_NOEXEC],
    [flags.noSetId, c.MNT_NOSUID],
    [flags.noAccessTime, c.MNT_NOATIME],
    [flags.noSymlinkFollow, c.MNT_NOSYMFOLLOW],
    [flags.union, c.MNT_UNION],
  ];
  return bits.reduce((sum, [on, bit]) => (on === true ? sum | bit : sum), 0);
}

function optionsOf(b: BatchBuilder, what: Mount): [name: string, value?: string][] {
  const { MNAMELEN } = b.bindings.constants;
  switch (what.type) {
    case 'nullfs':
      return [['target', what.source.path], ...(what.noCache ? [['nocache'] as [string]] : [])];
    case 'tmpfs':
      return tmpfsOptions(what);
    case 'devfs':
      return what.ruleset === undefined
        ? []
        : [['ruleset', String(checkInteger('devfs ruleset', what.ruleset, 1, 65535))]];
    case 'fdescfs':
      return what.linuxLinks === true ? [['linrdlnk']] : [];
    case 'procfs':
    case 'linprocfs':
    case 'linsysfs':
      return [];
    default:
      return [['from', checkNonEmpty('mount source', what.from, MNAMELEN)]];
  }
}

function tmpfsOptions({ size, inodes, uid, gid, mode }: TmpfsMount): [name: string, value: string][] {
  const options: [name: string, value: string][] = [];
  if (size !== undefined) {
    options.push(['size', String(checkInteger('tmpfs size', size, 1, Number.MAX_SAFE_INTEGER))]);
  }
  // Up to 3 the kernel takes for "no limit".
  if (inodes !== undefined)
    options.push(['inodes', String(checkInteger('tmpfs inodes', inodes, 4, 0x7fff_ffff))]);
  if (uid !== undefined) options.push(['uid', String(checkId('tmpfs uid', uid))]);
  if (gid !== undefined) options.push(['gid', String(checkId('tmpfs gid', gid))]);
  if (mode !== undefined) options.push(['mode', checkInteger('tmpfs mode', mode, 0, 0o7777).toString(8)]);
  return options;
}

/** The id of a mount: two numbers that stay the same however its path changes. */
export type FileSystemId = readonly [number, number];

/** A mount by its id, or the last one on a path. */
export type Mounted = { readonly id: FileSystemId } | { readonly path: string };

/** Unmounts: unmount(2). With `force`, open files in it become dead and mounts below it are stranded. */
export function unmount(b: BatchBuilder, mounted: Mounted, { force = false } = {}): Step<void> {
  const { MNAMELEN, MNT_BYFSID, MNT_FORCE } = b.bindings.constants;
  const byId = 'id' in mounted;
  const text = byId ? idText(mounted.id) : checkPlainPath('mount point', mounted.path, MNAMELEN);
  const flags = (byId ? MNT_BYFSID : 0) | (force ? MNT_FORCE : 0);
  const args = [{ arena: b.arena.text(text, 'mount point', MNAMELEN) }, flags];
  return { value: b.call('unmount', args, { object: text }), decode: () => undefined };
}

function idText(id: FileSystemId): string {
  const [first, second] = id.map((part) => checkInteger('file system id', part, -0x8000_0000, 0x7fff_ffff));
  // In a jail all ids read as this one.
  if (first === 0 && second === 0) throw new RangeError('file system id: 0:0 is the id of no mount');
  return `FSID:${first}:${second}`;
}
