import type { HostNames, SubsystemMode } from './jail.js';
import { fail } from './failure.js';
import { allowNames } from './jail-limits.js';
import { lookupExisting } from './lookup.js';
import { noForm, textOf, type OptionList } from './option-list.js';
import { pathOf, type Place } from './place.js';
import type { CallContext } from './open-file.js';

export const jailFlags = {
  ...{ create: 1, update: 2, attach: 4, dying: 8 },
  ...{ useDescriptor: 0x10, atDescriptor: 0x20, getDescriptor: 0x40, ownDescriptor: 0x80 },
} as const;

const maxAddresses = 255;
const sysvNames = ['sysvmsg', 'sysvsem', 'sysvshm'] as const;

/** What jail_set(2) was asked for, as far as it can be checked without looking at jails. */
export interface JailRequest {
  readonly flags: number;
  readonly jid: number;
  readonly name: string | undefined;
  readonly secureLevel: number | undefined;
  readonly childrenMax: number | undefined;
  readonly enforceStatfs: number | undefined;
  readonly devfsRuleset: number | undefined;
  readonly persist: boolean | undefined;
  readonly vnet: SubsystemMode | undefined;
  readonly hostMode: SubsystemMode | undefined;
  readonly host: Partial<HostNames>;
  readonly ip4: AddressRequest;
  readonly ip6: AddressRequest;
  readonly allow: ReadonlyMap<string, boolean>;
  readonly sourceSelection: { ip4?: boolean; ip6?: boolean };
  readonly sysv: ReadonlyMap<(typeof sysvNames)[number], SubsystemMode>;
  readonly linux: { osname?: string; osrelease?: string; ossVersion?: number } | 'inherit' | undefined;
  readonly osrelease: string | undefined;
  readonly osreldate: number | undefined;
  readonly root: { readonly place: Place; readonly path: string } | undefined;
}

export interface AddressRequest {
  readonly mode: SubsystemMode | undefined;
  readonly list: readonly Uint8Array[] | undefined;
}

/** Reads the parameters in the order in which kern_jail_set() does, which decides which of several errors is told. */
export function readJailRequest(context: CallContext, options: OptionList, flags: number): JailRequest {
  const { system } = context;
  const isUpdate = (flags & jailFlags.update) !== 0;
  const fixed = (given: boolean, name: string): void => {
    if (given && isUpdate) options.refuse('EINVAL', `${name} cannot be changed after creation`);
  };
  if ((flags & 3) === 0) options.refuse('EINVAL', 'no valid operation (create or update)');
  const jid = options.int('jid') ?? 0;
  const secureLevel = options.int('securelevel');
  const childrenMax = options.int('children.max');
  const enforceStatfs = inRange(options.int('enforce_statfs'), 0, 2);
  const devfsRuleset = inRange(options.int('devfs_ruleset'), 0, 65535);
  const persist = flagOf(options, 'persist');
  const sourceSelection = {
    ...given('ip4', flagOf(options, 'ip4.saddrsel')),
    ...given('ip6', flagOf(options, 'ip6.saddrsel')),
  };
  const hostMode = modeOf(options, 'host', 1);
  const vnet = modeOf(options, 'vnet', 1);
  const ip4Mode = modeOf(options, 'ip4', 0);
  const ip6Mode = modeOf(options, 'ip6', 0);
  if ((flags & 7) === jailFlags.create && persist !== true) {
    options.refuse('EINVAL', 'new jail must persist or attach');
  }
  fixed(vnet !== undefined, 'vnet');
  fixed(ip4Mode !== undefined, 'ip4');
  fixed(ip6Mode !== undefined, 'ip6');
  const allow = new Map<string, boolean>();
  for (const name of allowNames(system)) {
    const value = flagOf(options, `allow.${name}`);
    if (value !== undefined) allow.set(name, value);
  }
  const name = options.string('name', 256);
  const host = {
    ...given('hostname', options.string('host.hostname', 256)),
    ...given('domainname', options.string('host.domainname', 256)),
    ...given('hostuuid', options.string('host.hostuuid', 64)),
    ...given('hostid', hostidOf(options)),
  };
  const ip4 = { mode: ip4Mode, list: addressesOf(options, 'ip4.addr', 4, 'IPv4') };
  const ip6 = { mode: ip6Mode, list: addressesOf(options, 'ip6.addr', 16, 'IPv6') };
  const restricts = [ip4.mode, ip4.list, ip6.mode, ip6.list].some((value) => value !== undefined);
  if (vnet === 1 && restricts) {
    options.refuse('EINVAL', 'vnet jails cannot have IP address restrictions');
  }
  const osrelease = osreleaseOf(options, fixed);
  const osreldate = options.int('osreldate');
  fixed(osreldate !== undefined, 'osreldate');
  if (osreldate === 0) options.refuse('EINVAL', 'osreldate cannot be 0');
  const root = rootOf(context, options, fixed);
  const sysv = new Map<(typeof sysvNames)[number], SubsystemMode>();
  for (const each of sysvNames) {
    const mode = modeOf(options, each, 0);
    if (mode !== undefined) sysv.set(each, mode);
  }
  const linux = linuxOf(context, options);
  const unknown = options.options.find(({ seen }) => !seen);
  if (unknown !== undefined) options.refuse('EINVAL', `unknown parameter: ${unknown.name}`);
  return {
    ...{ flags, jid, name, secureLevel, childrenMax, enforceStatfs, devfsRuleset, persist, vnet, hostMode },
    ...{ host, ip4, ip6, allow, sourceSelection, sysv, linux, osrelease, osreldate, root },
  };
}

function inRange(value: number | undefined, least: number, most: number): number | undefined {
  return value !== undefined && (value < least || value > most) ? fail('EINVAL') : value;
}

function given<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: T });
}

/** True or false by which of the two names is there, whatever its value. */
function flagOf(options: OptionList, name: string): boolean | undefined {
  if (options.has(name)) return true;
  return options.has(noForm(name)) ? false : undefined;
}

function modeOf(options: OptionList, name: string, least: SubsystemMode): SubsystemMode | undefined {
  return inRange(options.int(name), least, 2) as SubsystemMode | undefined;
}

function hostidOf(options: OptionList): bigint | undefined {
  const bytes = options.exact('host.hostid', 8);
  return bytes === undefined ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}

function addressesOf(
  options: OptionList,
  name: string,
  size: 4 | 16,
  family: string,
): Uint8Array[] | undefined {
  const option = options.take(name);
  if (option === undefined) return undefined;
  const bytes = option.value ?? new Uint8Array(0);
  if (bytes.byteLength % size !== 0) fail('EINVAL');
  const count = bytes.byteLength / size;
  if (count > maxAddresses) options.refuse('EINVAL', `too many ${family} addresses`);
  const list = Array.from({ length: count }, (_, index) => bytes.slice(index * size, (index + 1) * size));
  const texts = list.map((address) => address.toString());
  if (new Set(texts).size !== texts.length) fail('EINVAL');
  const special = (address: Uint8Array): boolean => {
    return address.every((byte) => byte === 0) || (size === 4 && address.every((byte) => byte === 255));
  };
  if (list.some(special)) fail('EINVAL');
  // The first is the primary one, the others are sorted.
  return [...list.slice(0, 1), ...list.slice(1).sort((a, b) => Buffer.compare(a, b))];
}

function osreleaseOf(options: OptionList, fixed: (given: boolean, name: string) => void): string | undefined {
  const option = options.take('osrelease');
  if (option === undefined) return undefined;
  fixed(true, 'osrelease');
  // OSRELEASELEN is 32. The NUL is not looked for.
  if (option.value === undefined || option.value.byteLength >= 32) {
    options.refuse('EINVAL', 'osrelease string must be 1-31 bytes long');
  }
  return textOf(option.value);
}

function rootOf(
  { system, process }: CallContext,
  options: OptionList,
  fixed: (given: boolean, name: string) => void,
): JailRequest['root'] {
  const option = options.take('path');
  if (option === undefined) return undefined;
  fixed(true, 'path');
  if (option.value?.at(-1) !== 0) fail('EINVAL');
  const place = lookupExisting(system, process, process.workingDirectory, textOf(option.value), true);
  if (place.node.kind !== 'directory') fail('ENOTDIR');
  return { place, path: pathOf(place) };
}

function linuxOf({ system }: CallContext, options: OptionList): JailRequest['linux'] {
  if (!system.modules.has('linux')) return undefined;
  const mode = modeOf(options, 'linux', 1);
  const osrelease = options.string('linux.osrelease', 65);
  const values = {
    ...given('osname', options.string('linux.osname', 65)),
    ...given('osrelease', osrelease),
    ...given('ossVersion', options.int('linux.oss_version')),
  };
  if (osrelease !== undefined && !/^\d+\.\d+\.\d+/.test(osrelease)) {
    options.refuse('EINVAL', 'linux.osrelease format error');
  }
  if (Object.keys(values).length > 0 || mode === 1) return values;
  return mode === 2 ? 'inherit' : undefined;
}
