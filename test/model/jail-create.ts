import type { HostNames, Jail } from './jail.js';
import { defaultAllow } from './jail-limits.js';
import type { JailRequest } from './jail-request.js';
import type { System } from './system.js';
import { createJailVnet } from './vnet.js';

/** What a jail tells Linux programs unless it is set: linux_mib.c. */
export const defaultLinux = { osname: 'Linux', osrelease: '2.6.32', ossVersion: 198_144 };

/** The names that a new jail has. */
export function newHostNames(): HostNames {
  return { hostname: '', domainname: '', hostuuid: '00000000-0000-0000-0000-000000000000', hostid: 0n };
}

/** Makes a jail with what a new one has by default and what cannot be changed later; its name comes after. */
export function createJail(system: System, parent: Jail, jid: number, request: JailRequest): Jail {
  const host = system.jails.host;
  const restricted = request.vnet !== 1;
  const jail: Jail = {
    jid,
    parent,
    name: '',
    // Without a path it is the root of the host, not of the parent.
    root: { place: request.root?.place ?? host.root.place },
    path: request.root?.path ?? '/',
    persist: false,
    dying: false,
    teardown: false,
    secureLevel: parent.secureLevel,
    enforceStatfs: Math.max(2, parent.enforceStatfs),
    devfsRuleset: parent.devfsRuleset,
    childrenMax: 0,
    osrelease: request.osrelease ?? parent.osrelease,
    osreldate: request.osreldate ?? parent.osreldate,
    vnet: request.vnet === 1 ? createJailVnet(system) : undefined,
    cpuset: system.cpusets.make(parent.cpuset),
    ip4: { restricted, list: [] },
    ip6: { restricted, list: [] },
    host: newHostNames(),
    allow: new Set(defaultAllow(system).filter((name) => parent.allow.has(name))),
    sourceSelection: { ip4: true, ip6: true },
    sysv: new Map([
      ['sysvmsg', 0],
      ['sysvsem', 0],
      ['sysvshm', 0],
    ]),
    linux: system.modules.has('linux') ? { ...defaultLinux } : undefined,
  };
  system.jails.add(jail);
  return jail;
}
