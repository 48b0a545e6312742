import type { MountFlags } from '../../kernel/freebsd/mount.js';
import { shown, type Field } from './field.js';

type Flag = keyof MountFlags;

/** Options that are flags of any mount; Linux has some that hold for what is mounted below as well. */
const flags: Readonly<Record<string, readonly [flag: Flag, on: boolean]>> = {
  ro: ['readOnly', true],
  rro: ['readOnly', true],
  rdonly: ['readOnly', true],
  rw: ['readOnly', false],
  rrw: ['readOnly', false],
  noro: ['readOnly', false],
  noexec: ['noExec', true],
  rnoexec: ['noExec', true],
  exec: ['noExec', false],
  rexec: ['noExec', false],
  nosuid: ['noSetId', true],
  rnosuid: ['noSetId', true],
  suid: ['noSetId', false],
  rsuid: ['noSetId', false],
  noatime: ['noAccessTime', true],
  rnoatime: ['noAccessTime', true],
  atime: ['noAccessTime', false],
  ratime: ['noAccessTime', false],
  nosymfollow: ['noSymlinkFollow', true],
  rnosymfollow: ['noSymlinkFollow', true],
  symfollow: ['noSymlinkFollow', false],
  rsymfollow: ['noSymlinkFollow', false],
  union: ['union', true],
  nocover: ['noCover', true],
};

/**
 * Options that ask for nothing here: what FreeBSD does in any case (devices work in a devfs only, mounts do not
 * propagate), or hints. nerdctl sends empty ones.
 */
const ignored = new Set([
  ...['', 'defaults', 'bind', 'rbind', 'dev', 'nodev', 'rdev', 'rnodev'],
  ...['private', 'rprivate', 'unbindable', 'runbindable', 'mand', 'nomand'],
  ...['sync', 'async', 'dirsync', 'cache', 'nocache', 'silent', 'loud', 'iversion', 'noiversion'],
  ...['relatime', 'rrelatime', 'norelatime', 'rnorelatime', 'strictatime', 'rstrictatime'],
  ...['nostrictatime', 'rnostrictatime', 'lazytime', 'nolazytime', 'diratime', 'nodiratime'],
  ...['rdiratime', 'rnodiratime'],
]);

/** Options that ask for what FreeBSD does not have. */
const unsupported: Readonly<Record<string, string>> = {
  shared: 'mounts do not propagate on FreeBSD',
  rshared: 'mounts do not propagate on FreeBSD',
  slave: 'mounts do not propagate on FreeBSD',
  rslave: 'mounts do not propagate on FreeBSD',
  idmap: 'FreeBSD does not map the ids of a mount',
  ridmap: 'FreeBSD does not map the ids of a mount',
  remount: 'a container cannot change mounts of the host',
};

/** Those of any mount that are honoured, or ask for nothing: what they are called. */
export const mountOptionNames: readonly string[] = [...Object.keys(flags), ...ignored]
  .filter((name) => name !== '')
  .sort();

/** An option for a type of file system, such as `size=1m`. */
export interface TypeOption {
  readonly name: string;
  /** undefined without "=" */
  readonly value: string | undefined;
  /** the option as it stands in the spec */
  readonly field: Field;
}

/**
 * Sorts the options of a mount into flags and those that its type has to know. Of contradicting flags the last one
 * holds, as with mount(8).
 */
export function readMountOptions(options: Field): { flags: MountFlags; rest: TypeOption[] } {
  const set: Partial<Record<Flag, boolean>> = {};
  const rest: TypeOption[] = [];
  for (const field of options.elements()) {
    const text = field.anyText();
    const flag = flags[text];
    if (Object.hasOwn(flags, text) && flag !== undefined) set[flag[0]] = flag[1];
    else if (Object.hasOwn(unsupported, text))
      field.unsupported(`${shown(text)}: ${unsupported[text] ?? ''}`);
    else if (!ignored.has(text)) rest.push(typeOption(text, field));
  }
  const on = Object.entries(set).filter(([, value]) => value);
  return { flags: Object.fromEntries(on), rest };
}

function typeOption(text: string, field: Field): TypeOption {
  const equals = text.indexOf('=');
  if (equals < 0) return { name: text, value: undefined, field };
  return { name: text.slice(0, equals), value: text.slice(equals + 1), field };
}
