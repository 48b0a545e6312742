import { fail } from './failure.js';
import { hostNamesOf, type Jail } from './jail.js';
import { allowNames } from './jail-limits.js';
import type { CallContext } from './open-file.js';
import { intBytes, intFrom, type SysctlEntry } from './sysctl-tree.js';
import type { System } from './system.js';

const text = (value: string): Uint8Array => Buffer.from(`${value}\0`);

/** When the first process was made, in seconds since 1970. Each later one is a second younger. */
export const bootTime = 1_700_000_000n;

/** An int that the kernel has for everybody, and that root on the host can set. */
function variable(value: number, writable = true): SysctlEntry {
  let now = value;
  return {
    read: () => intBytes(now),
    ...(writable
      ? {
          write: (context: CallContext, bytes: Uint8Array) => {
            requireHost(context);
            now = intFrom(bytes);
          },
        }
      : {}),
  };
}

function requireHost({ process, system }: CallContext): void {
  if (process.jail !== system.jails.host) fail('EPERM');
}

/** Parameters of jails that are nodes, with others below: reading them is EISDIR, but they are there. */
const parameterNodes = ['host', 'ip4', 'ip6', 'sysvmsg', 'sysvsem', 'sysvshm', 'linux', 'allow.mount'];
const parameters = [
  ...['jid', 'parent', 'name', 'path', 'securelevel', 'osreldate', 'osrelease', 'enforce_statfs'],
  ...['devfs_ruleset', 'persist', 'vnet', 'dying', 'children.cur', 'children.max', 'cpuset.id'],
  ...['host.hostname', 'host.domainname', 'host.hostuuid', 'host.hostid'],
  ...['ip4.addr', 'ip4.saddrsel', 'ip6.addr', 'ip6.saddrsel'],
];
const linuxParameters = ['linux', 'linux.osname', 'linux.osrelease', 'linux.oss_version'];

/** The names of security.jail.param that there are, which are exactly the parameters that jail_set(2) knows. */
function jailParameterNames(system: System): string[] {
  const allow = allowNames(system).map((name) => `allow.${name}`);
  return [
    ...parameters,
    ...parameterNodes.filter((name) => name !== 'linux'),
    ...allow,
    ...(system.modules.has('linux') ? linuxParameters : []),
  ];
}

/** Adds what every kernel has to the tree. */
export function standardSysctls(system: System): void {
  const { bindings, osreldate, release, sysctls: tree } = system;
  tree.add('kern.osreldate', { read: () => intBytes(osreldate) });
  const version = `${release}.${Math.floor(osreldate / 1000) % 100}-RELEASE`;
  tree.add('kern.osrelease', { read: ({ process }) => text(process.jail.osrelease || version) });
  // By jail, as its name is: sys/kern/kern_mib.c gives both by the same function.
  tree.add('kern.hostuuid', { read: ({ process }) => text(hostNamesOf(process.jail).hostuuid) });
  tree.add('kern.ostype', { read: () => text('FreeBSD') });
  tree.add('hw.machine', { read: () => text('amd64') });
  tree.add('hw.machine_arch', { read: () => text('amd64') });
  tree.add('kern.boottime', { read: () => timeBytes(system.clock.booted) });
  tree.add('hw.pagesize', variable(4096, false));
  tree.add('hw.ncpu', variable(system.cpusets.root.mask.size, false));
  tree.add('kern.sched.cpusetsize', variable(bindings.layouts.cpuset_t.size, false));
  tree.add('kern.racct.enable', variable(system.accounting ? 1 : 0, false));
  tree.add('kern.maxfiles', variable(15_599));
  tree.add('kern.maxfilesperproc', variable(14_031));
  tree.add('kern.chroot_allow_open_directories', variable(1));
  tree.add('kern.elf64.fallback_brand', variable(-1));
  tree.add('vfs.usermount', variable(0));
  tree.add('vfs.devfs.rule_depth', variable(1));
  tree.add('security.jail.jail_max_af_ips', variable(255));
  tree.add('security.jail.enforce_statfs', variable(2));
  tree.add('security.jail.devfs_ruleset', variable(0));
  tree.add('kern.securelevel', {
    read: ({ process }) => intBytes(process.jail.secureLevel),
    write: ({ process }, bytes) => {
      const wanted = intFrom(bytes);
      if (wanted < process.jail.secureLevel) fail('EPERM');
      process.jail.secureLevel = wanted;
    },
  });
  tree.add('kern.hostname', {
    read: ({ process }) => text(hostNamesOf(process.jail).hostname),
    write: ({ process, system: { jails } }, bytes) => {
      if (process.jail !== jails.host && !process.jail.allow.has('set_hostname')) fail('EPERM');
      hostNamesOf(process.jail).hostname = Buffer.from(bytes).toString('utf8').replace(/\0.*$/s, '');
    },
  });
  tree.add('kern.hostid', {
    read: ({ process }) => intBytes(Number(BigInt.asIntN(32, hostNamesOf(process.jail).hostid))),
    write: ({ process }, bytes) => {
      hostNamesOf(process.jail).hostid = BigInt(intFrom(bytes) >>> 0);
    },
  });
  tree.add('security.jail.jailed', {
    read: ({ process }) => intBytes(process.jail.parent === undefined ? 0 : 1),
  });
  tree.add('security.jail.vnet', { read: ({ process }) => intBytes(hasVnet(process.jail) ? 1 : 0) });
  addJailParameters(system);
}

/** Adds those of security.jail.param that there are now. */
export function addJailParameters(system: System): void {
  for (const name of jailParameterNames(system)) {
    const isNode = parameterNodes.includes(name);
    const entry = isNode ? { isNode } : { read: () => new Uint8Array(4) };
    system.sysctls.add(`security.jail.param.${name}`, entry);
  }
}

function timeBytes(microseconds: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, microseconds / 1_000_000n, true);
  view.setBigInt64(8, microseconds % 1_000_000n, true);
  return bytes;
}

function hasVnet(jail: Jail): boolean {
  return jail.parent !== undefined && jail.vnet !== undefined;
}
