/** File systems of Linux that FreeBSD has a counterpart for. */
const counterparts = new Map([
  ['proc', 'linprocfs'],
  ['sysfs', 'linsysfs'],
]);

/** File systems of Linux that a jail has no use for: its own kernel has no such thing, or devfs has it already. */
const dropped = new Set([
  ...['devpts', 'mqueue', 'cgroup', 'cgroup2', 'securityfs', 'debugfs', 'tracefs', 'configfs', 'pstore'],
  ...['bpf', 'efivarfs', 'hugetlbfs', 'binfmt_misc', 'fusectl', 'selinuxfs'],
]);

/** True for types that only Linux has. */
export function isLinuxType(type: string): boolean {
  return counterparts.has(type) || dropped.has(type);
}

/**
 * The type to mount in a jail of Linux programs; undefined for one that is left out. Linux has a tmpfs on /dev, in
 * which runtimes make the devices: that is a devfs here.
 */
export function translateType(type: string, destination: string): string | undefined {
  if (dropped.has(type)) return undefined;
  if (type === 'tmpfs' && destination === '/dev') return 'devfs';
  return counterparts.get(type) ?? type;
}
