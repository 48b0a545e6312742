import { mountFlags as F } from '../kernel/linux/mount.js';

/** What each option of fstab(5) that is a flag sets and clears. */
const flags: Readonly<Record<string, readonly [set: number, clear: number]>> = {
  defaults: [0, 0],
  ro: [F.readOnly, 0],
  rw: [0, F.readOnly],
  suid: [0, F.noSuid],
  nosuid: [F.noSuid, 0],
  dev: [0, F.noDev],
  nodev: [F.noDev, 0],
  exec: [0, F.noExec],
  noexec: [F.noExec, 0],
  sync: [F.synchronous, 0],
  async: [0, F.synchronous],
  dirsync: [F.dirSync, 0],
  remount: [F.remount, 0],
  mand: [F.mandatoryLocks, 0],
  nomand: [0, F.mandatoryLocks],
  atime: [0, F.noAtime],
  noatime: [F.noAtime, 0],
  diratime: [0, F.noDirAtime],
  nosymfollow: [F.noSymlinkFollow, 0],
  nodiratime: [F.noDirAtime, 0],
  relatime: [F.relAtime, 0],
  norelatime: [0, F.relAtime],
  strictatime: [F.strictAtime, 0],
  nostrictatime: [0, F.strictAtime],
  lazytime: [F.lazyTime, 0],
  nolazytime: [0, F.lazyTime],
  bind: [F.bind, 0],
  rbind: [F.bind | F.recursive, 0],
};

/** Options that change how a mount propagates; the kernel takes them in a call of their own. */
const propagation: Readonly<Record<string, number>> = {
  private: F.private,
  rprivate: F.private | F.recursive,
  slave: F.slave,
  rslave: F.slave | F.recursive,
  shared: F.shared,
  rshared: F.shared | F.recursive,
  unbindable: F.unbindable,
  runbindable: F.unbindable | F.recursive,
};

export interface ParsedOptions {
  readonly flags: number;
  readonly propagation: readonly number[];
  /** the rest, for the file system */
  readonly data: readonly string[];
}

/** Sorts mount options into flags, changes of propagation, and data. Empty ones, which nerdctl sends, are dropped. */
export function parseMountOptions(options: readonly string[]): ParsedOptions {
  let bits = 0;
  const changes: number[] = [];
  const data: string[] = [];
  for (const option of options) {
    const flag = member(flags, option);
    const change = member(propagation, option);
    if (flag !== undefined) bits = (bits | flag[0]) & ~flag[1];
    else if (change !== undefined) changes.push(change);
    else if (option !== '') data.push(option);
  }
  return { flags: bits, propagation: changes, data };
}

/** An option may have the name of something that every object has. */
function member<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
