import type { Jail } from './jail.js';
import { lineage } from './jail.js';
import type { System } from './system.js';

/** allow.* parameters of each release: SYSCTL_JAIL_PARAM of kern_jail.c. */
const allowed: readonly (readonly [name: string, since: number, byDefault?: boolean])[] = [
  ['set_hostname', 12, true],
  ['sysvipc', 12],
  ['raw_sockets', 12],
  ['chflags', 12],
  ['mount', 12],
  ['quotas', 12],
  ['socket_af', 12],
  ['mlock', 12],
  ['reserved_ports', 12, true],
  ['read_msgbuf', 12],
  ['unprivileged_proc_debug', 13, true],
  ['suser', 13, true],
  ['nfsd', 15],
  ['extattr', 15],
  ['adjtime', 15],
  ['settime', 15],
  ['routing', 15],
];

/** File systems that jails may be allowed to mount: those marked VFCF_JAIL. */
const jailFriendly = ['devfs', 'nullfs', 'tmpfs', 'fdescfs', 'procfs', 'linprocfs', 'linsysfs', 'zfs'];

/** The allow.* parameters that there are, without "allow.": those of file systems come with their module. */
export function allowNames({ release, modules }: System): string[] {
  const mounts = jailFriendly.filter((name) => modules.has(name)).map((name) => `mount.${name}`);
  return [...allowed.filter(([, since]) => release >= since).map(([name]) => name), ...mounts];
}

export function defaultAllow({ release }: System): string[] {
  return allowed.filter(([, since, on]) => release >= since && on === true).map(([name]) => name);
}

/** Whether a file system is one that a jail may be allowed to mount. */
export function isJailFriendly(type: string): boolean {
  return jailFriendly.includes(type);
}

/** How many jails there are below one, dying ones too. */
export function childCount({ jails }: System, jail: Jail): number {
  return jails.descendantsOf(jail).length;
}

/** Whether there is room for one more jail in this one and in all that it lies in. */
export function hasRoom(system: System, jail: Jail): boolean {
  for (const here of lineage(jail)) if (childCount(system, here) >= here.childrenMax) return false;
  return true;
}
