import type { Bindings } from '../../src/kernel/bindings/types.js';
import type { Option, OptionList } from './option-list.js';

/** What the names of options and the flags argument of nmount(2) come to: vfs_donmount() of vfs_mount.c. */
export interface MountWish {
  /** MNT_* bits that hold for the mount. */
  readonly flags: bigint;
  readonly update: boolean;
  readonly force: boolean;
  readonly noCover: boolean;
  readonly emptyDirectory: boolean;
  /** True or false if it was said, else undefined. */
  readonly readOnly: boolean | undefined;
}

/** Options that file systems know without naming them. */
const everywhere = ['errmsg', 'fstype', 'fspath', 'ro', 'rw', 'nosuid', 'noexec'];

/** Reads what the kernel itself understands, and gives some options the names under which file systems know them. */
export function readMountOptions(bindings: Bindings, options: OptionList, argument: number): MountWish {
  const c = bindings.constants;
  const settable = [
    ...[c.MNT_RDONLY, c.MNT_SYNCHRONOUS, c.MNT_NOEXEC, c.MNT_NOSUID, c.MNT_UNION, c.MNT_ASYNC],
    ...[c.MNT_SUIDDIR, c.MNT_NOSYMFOLLOW, c.MNT_NOATIME, c.MNT_IGNORE, c.MNT_MULTILABEL],
  ];
  const bits = settable.reduce<number>((mask, bit) => mask | bit, 0);
  let flags = BigInt(argument & bits);
  let readOnly = (argument & c.MNT_RDONLY) === 0 ? undefined : true;
  const actions: Readonly<Record<string, number>> = {
    async: c.MNT_ASYNC,
    sync: c.MNT_SYNCHRONOUS,
    noatime: c.MNT_NOATIME,
    noexec: c.MNT_NOEXEC,
    nosuid: c.MNT_NOSUID,
    nosymfollow: c.MNT_NOSYMFOLLOW,
    suiddir: c.MNT_SUIDDIR,
    union: c.MNT_UNION,
    multilabel: c.MNT_MULTILABEL,
    automounted: c.MNT_AUTOMOUNTED,
  };
  const opposites: Readonly<Record<string, number>> = {
    noasync: c.MNT_ASYNC,
    atime: c.MNT_NOATIME,
    exec: c.MNT_NOEXEC,
    suid: c.MNT_NOSUID,
    symfollow: c.MNT_NOSYMFOLLOW,
  };
  const renamed: Readonly<Record<string, string>> = {
    rdonly: 'ro',
    noro: 'rw',
    atime: 'nonoatime',
    exec: 'nonoexec',
    suid: 'nonosuid',
    symfollow: 'nonosymfollow',
  };
  const consumed = ['update', 'force', 'reload', 'automounted', ...coverOptions(bindings)];
  const has = (name: string): boolean => options.options.some((option) => option.name === name);
  const wish = {
    update: (argument & c.MNT_UPDATE) !== 0 || has('update'),
    force: (argument & c.MNT_FORCE) !== 0 || has('force'),
    noCover: coverOptions(bindings).length > 0 && has('nocover'),
    emptyDirectory: coverOptions(bindings).length > 0 && has('emptydir'),
  };
  for (const option of options.options) {
    const { name } = option;
    if (name === 'ro' || name === 'rdonly') readOnly = true;
    if (name === 'rw' || name === 'noro') readOnly = false;
    flags |= BigInt(actions[name] ?? 0);
    flags &= ~BigInt(opposites[name] ?? 0);
    if (consumed.includes(name)) option.seen = true;
    const other = renamed[name];
    if (other !== undefined) rename(options, option, other);
  }
  const rdonly = BigInt(c.MNT_RDONLY);
  return { ...wish, flags: readOnly === true ? flags | rdonly : flags & ~rdonly, readOnly };
}

function coverOptions({ constants }: Bindings): string[] {
  return constants.MNT_NOCOVER === undefined ? [] : ['nocover', 'emptydir'];
}

function rename(options: OptionList, option: Option, name: string): void {
  options.options[options.options.indexOf(option)] = { ...option, name };
}

/**
 * Refuses options that a file system does not know: vfs_filteropt(). Of several the last one is named.
 *
 * @param code EOPNOTSUPP if they are known, but not here
 */
export function refuseUnknown(options: OptionList, known: readonly string[], code = 'EINVAL'): void {
  const names = [...everywhere, ...known];
  const wrong = options.options.filter(({ name, seen }) => {
    return !seen && !names.includes(name) && !names.includes(name.replace(/^no/, ''));
  });
  const last = wrong.at(-1);
  if (last !== undefined) options.refuse(code, `mount option <${last.name}> is unknown`);
}
