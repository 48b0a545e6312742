import { withErrmsg } from './errmsg.js';
import { fail } from './failure.js';
import { hostNamesOf, isBelow, nameSeenFrom, pathSeenFrom, type Jail } from './jail.js';
import { defaultLinux } from './jail-create.js';
import { allowNames, childCount } from './jail-limits.js';
import { jailFlags } from './jail-request.js';
import { noForm, OptionList } from './option-list.js';
import type { CallContext } from './open-file.js';
import type { System } from './system.js';

/** jail_get(2). Anyone may read any jail that lies below his own. */
export function jailGet(context: CallContext, iov: bigint, count: number, flags: number): number {
  const { memory, process, system } = context;
  if (count % 2 !== 0) fail('EINVAL');
  const mask = system.bindings.constants.JAIL_GET_MASK ?? jailFlags.dying;
  if ((flags & ~mask) !== 0) fail('EINVAL');
  const options = new OptionList(memory, iov, count);
  return withErrmsg(memory, options, 'terminated', () => {
    const dying = (flags & jailFlags.dying) !== 0;
    const jail = findJail(system, process.jail, options, dying);
    const values = valuesOf(system, jail, process.jail);
    const write: (() => void)[] = [];
    for (const option of options.options) {
      if (option.name === 'errmsg' || option.name === 'lastjid') continue;
      const value = values.get(option.name);
      const { bytes, fit } = value ?? options.refuse('EINVAL', `unknown parameter: ${option.name}`);
      if (option.value === undefined) {
        write.push(() => {
          memory.setU64(option.lengthAt, BigInt(bytes.byteLength));
        });
        continue;
      }
      const room = option.value.byteLength;
      if (fit === 'exactly' ? room !== bytes.byteLength : room < bytes.byteLength) fail('EINVAL');
      write.push(() => {
        memory.write(option.address, bytes);
        if (fit === 'and say') memory.setU64(option.lengthAt, BigInt(bytes.byteLength));
      });
    }
    for (const each of write) each();
    return jail.jid;
  });
}

function findJail(system: System, viewer: Jail, options: OptionList, dying: boolean): Jail {
  const { jails } = system;
  const last = options.int('lastjid');
  if (last !== undefined) {
    const next = jails.list.find(
      (jail) => jail.jid > last && isBelow(jail, viewer) && (dying || !jail.dying),
    );
    return next ?? options.refuse('ENOENT', `no jail after ${last}`);
  }
  const jid = options.int('jid') ?? 0;
  const name = jid === 0 ? options.string('name', Number.POSITIVE_INFINITY) : undefined;
  if (jid === 0 && name === undefined) options.refuse('ENOENT', 'no jail specified');
  const found = name === undefined ? jails.find(viewer, jid) : jails.findByName(viewer, name);
  const said = name === undefined ? String(jid) : `"${name}"`;
  if (found === undefined) options.refuse('ENOENT', `jail ${said} not found`);
  if (found.dying && !dying) options.refuse('ENOENT', `jail ${said} is dying`);
  system.looked(found);
  return found;
}

/** A value, and of what length the caller's buffer must be. */
interface Value {
  readonly bytes: Uint8Array;
  readonly fit: 'exactly' | 'within' | 'and say';
}

function valuesOf(system: System, jail: Jail, viewer: Jail): Map<string, Value> {
  const values = new Map<string, Value>();
  const int = (name: string, value: number): void => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, value, true);
    values.set(name, { bytes, fit: 'exactly' });
  };
  const flag = (name: string, on: boolean): void => {
    int(name, on ? 1 : 0);
    int(noForm(name), on ? 0 : 1);
  };
  const text = (name: string, value: string): void => {
    values.set(name, { bytes: Buffer.from(`${value}\0`), fit: 'within' });
  };
  int('jid', jail.jid);
  int('parent', jail.parent === viewer ? 0 : (jail.parent?.jid ?? 0));
  text('name', nameSeenFrom(jail, viewer));
  text('path', pathSeenFrom(jail.path, viewer));
  int('securelevel', jail.secureLevel);
  int('enforce_statfs', jail.enforceStatfs);
  int('devfs_ruleset', jail.devfsRuleset);
  int('children.max', jail.childrenMax);
  int('children.cur', childCount(system, jail));
  int('cpuset.id', jail.cpuset.id);
  text('osrelease', jail.osrelease);
  int('osreldate', jail.osreldate);
  flag('persist', jail.persist);
  flag('dying', jail.dying);
  int('vnet', jail.vnet === undefined ? 2 : 1);
  const host = hostNamesOf(jail);
  int('host', jail.host === undefined ? 2 : 1);
  text('host.hostname', host.hostname);
  text('host.domainname', host.domainname);
  text('host.hostuuid', host.hostuuid);
  const hostid = new Uint8Array(8);
  new DataView(hostid.buffer).setBigUint64(0, host.hostid, true);
  values.set('host.hostid', { bytes: hostid, fit: 'exactly' });
  for (const family of ['ip4', 'ip6'] as const) {
    int(family, jail[family].restricted ? 0 : 2);
    values.set(`${family}.addr`, { bytes: Buffer.concat(jail[family].list), fit: 'and say' });
    flag(`${family}.saddrsel`, jail.sourceSelection[family]);
  }
  for (const [name, mode] of jail.sysv) int(name, mode);
  for (const name of allowNames(system)) flag(`allow.${name}`, jail.allow.has(name));
  if (system.modules.has('linux')) {
    const linux = jail.linux ?? defaultLinux;
    int('linux', jail.linux === undefined ? 2 : 1);
    text('linux.osname', linux.osname);
    text('linux.osrelease', linux.osrelease);
    int('linux.oss_version', linux.ossVersion);
  }
  return values;
}
