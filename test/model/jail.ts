import type { Cpuset } from './cpusets.js';
import type { Place } from './place.js';
import type { Vnet } from './vnet.js';

/** The addresses of one family that a jail may use. */
export interface JailAddresses {
  /** It may use only those listed; else all that its parent may. */
  restricted: boolean;
  list: Uint8Array[];
}

/** The names of a host, which a jail has of its own or takes from its parent. */
export interface HostNames {
  hostname: string;
  domainname: string;
  hostuuid: string;
  hostid: bigint;
}

/** 0 disabled, 1 its own, 2 its parent's: JAIL_SYS_* of sys/jail.h. */
export type SubsystemMode = 0 | 1 | 2;

/** A jail, alive or dying; the host itself is the one with jid 0. */
export interface Jail {
  readonly jid: number;
  readonly parent: Jail | undefined;
  /** With the names of its parents, which the host does not have. */
  name: string;
  readonly root: { place: Place };
  readonly path: string;
  persist: boolean;
  /** It waits for those who hold its resources. Only jail_set(2) with JAIL_DYING can bring it back. */
  dying: boolean;
  /** Its network stack is being torn down by a thread of the kernel. */
  teardown: boolean;
  secureLevel: number;
  enforceStatfs: number;
  devfsRuleset: number;
  childrenMax: number;
  osrelease: string;
  osreldate: number;
  /** Of its own, or undefined if it uses its parent's. */
  readonly vnet: Vnet | undefined;
  readonly cpuset: Cpuset;
  ip4: JailAddresses;
  ip6: JailAddresses;
  /** Undefined: it has its parent's. */
  host: HostNames | undefined;
  /** What allow.* parameters are on, without "allow.". */
  readonly allow: Set<string>;
  /** ip4.saddrsel and ip6.saddrsel */
  readonly sourceSelection: { ip4: boolean; ip6: boolean };
  readonly sysv: Map<'sysvmsg' | 'sysvsem' | 'sysvshm', SubsystemMode>;
  linux: { osname: string; osrelease: string; ossVersion: number } | undefined;
}

/** The jail and all that it lies in, up to the host. */
export function* lineage(jail: Jail): Generator<Jail> {
  for (let here: Jail | undefined = jail; here !== undefined; here = here.parent) yield here;
}

/** Whether one jail lies below another, however deep. */
export function isBelow(jail: Jail, ancestor: Jail): boolean {
  return jail !== ancestor && isWithin(jail, ancestor);
}

/** Whether a jail is another one or lies below it. */
export function isWithin(jail: Jail, ancestor: Jail): boolean {
  for (const here of lineage(jail)) if (here === ancestor) return true;
  return false;
}

/** The name that a jail has for those in another one that it lies below. */
export function nameSeenFrom(jail: Jail, viewer: Jail): string {
  return viewer.name === '' ? jail.name : jail.name.slice(viewer.name.length + 1);
}

/** The path of a jail's root for those in another one. */
export function pathSeenFrom(path: string, viewer: Jail): string {
  if (viewer.path === '/' || !path.startsWith(viewer.path)) return path;
  return path.slice(viewer.path.length) || '/';
}

/** The network stack that processes of a jail use. */
export function vnetOf(jail: Jail): Vnet {
  for (const { vnet } of lineage(jail)) if (vnet !== undefined) return vnet;
  throw new Error('the host has no network stack');
}

/** The names of the host as processes of a jail see them. */
export function hostNamesOf(jail: Jail): HostNames {
  for (const { host } of lineage(jail)) if (host !== undefined) return host;
  throw new Error('the host has no names');
}
