import { shown, type Field } from './field.js';

/**
 * Members of the `linux` section that ask for what a jail cannot give. Others are read where they belong (namespaces,
 * devices, resources) or mean nothing here: cgroupsPath, maskedPaths, readonlyPaths.
 */
const refusedMembers: Readonly<Record<string, string>> = {
  uidMappings: 'a jail has no users of its own',
  gidMappings: 'a jail has no users of its own',
  seccomp: 'FreeBSD does not filter system calls',
  mountLabel: 'FreeBSD has no SELinux',
  intelRdt: 'FreeBSD has no resctrl',
  timeOffsets: 'a jail has no clock of its own',
  memoryPolicy: 'a jail cannot be bound to memory',
  netDevices: 'a jail is given interfaces by freebsd.jail.vnetInterfaces',
};

const otherSystems = ['windows', 'solaris', 'vm', 'zos'] as const;

/** Settings that clients send unasked, and that a jail grants anyway. */
const harmlessSysctls = new Set(['net.ipv4.ip_unprivileged_port_start', 'net.ipv4.ping_group_range']);

/** Namespaces that a jail shares with its parent instead of joining them by a path. */
const sharedByChildren = new Set(['network', 'ipc', 'uts']);

/**
 * Refuses, by name, what a spec asks of other systems and FreeBSD does not have.
 *
 * @param isChild the jail is to be the child of another one
 */
export function refuseForeign(document: Field, isChild: boolean): void {
  const linux = document.member('linux');
  for (const [name, why] of Object.entries(refusedMembers)) {
    const member = linux.member(name);
    if (!member.empty) member.unsupported(why);
  }
  for (const name of otherSystems) {
    if (!document.member(name).empty) document.member(name).unsupported('this is FreeBSD');
  }
  refuseNamespaces(linux.member('namespaces'), isChild);
  refusePropagation(linux.member('rootfsPropagation'));
  refusePersonality(linux.member('personality'));
  for (const [name, sysctl] of linux.member('sysctl').members()) {
    if (!harmlessSysctls.has(name)) sysctl.unsupported('it is a setting of Linux');
  }
}

function refuseNamespaces(namespaces: Field, isChild: boolean): void {
  for (const namespace of namespaces.elements()) {
    const type = namespace.member('type').anyText();
    if (type === 'user') namespace.unsupported('a jail has no users of its own');
    const path = namespace.member('path');
    // The network's says so itself.
    if (path.empty || type === 'network' || (isChild && sharedByChildren.has(type))) continue;
    path.unsupported(`FreeBSD has no ${shown(type)} namespaces that could be joined by a path`);
  }
}

function refusePropagation(propagation: Field): void {
  if (propagation.empty) return;
  const mode = propagation.anyText();
  if (/^r?shared$/.test(mode)) propagation.unsupported('mounts do not propagate on FreeBSD');
}

function refusePersonality(personality: Field): void {
  const domain = personality.member('domain');
  if (!domain.empty && domain.anyText() !== 'LINUX') domain.unsupported('there is but one personality');
}
