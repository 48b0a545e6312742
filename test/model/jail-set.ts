import { attach } from './attach.js';
import { withErrmsg } from './errmsg.js';
import { fail } from './failure.js';
import { isBelow, vnetOf, type Jail } from './jail.js';
import { findJailTarget, isNumeric, type JailTarget } from './jail-find.js';
import { createJail, defaultLinux, newHostNames } from './jail-create.js';
import { hasRoom } from './jail-limits.js';
import { isUnexpected, openJailDescriptor, wantsDescriptor } from './jail-descriptor.js';
import { jailFlags, readJailRequest, type AddressRequest, type JailRequest } from './jail-request.js';
import { OptionList } from './option-list.js';
import type { CallContext } from './open-file.js';
import type { System } from './system.js';

const maxName = 255;

/** jail_set(2). */
export function jailSet(context: CallContext, iov: bigint, count: number, flags: number): number {
  const { memory, process, system } = context;
  if (count % 2 !== 0) fail('EINVAL');
  if (process.credential.uid !== 0) fail('EPERM');
  if ((flags & jailFlags.create) !== 0 && process.jail.childrenMax === 0) fail('EPERM');
  const mask = system.bindings.constants.JAIL_SET_MASK ?? 0xf;
  if ((flags & ~mask) !== 0) fail('EINVAL');
  const options = new OptionList(memory, iov, count);
  return withErrmsg(memory, options, 'terminated', () => {
    const withDescriptor = wantsDescriptor(context, options, flags);
    if (withDescriptor && isUnexpected(options, flags)) return 0;
    const request = readJailRequest(context, options, flags);
    const target = findJailTarget(system, process.jail, request, options);
    const limits = checkAgainstParent(context, target, request, options);
    const jail = target.jail ?? createJail(system, target.parent, limits.jid, request);
    apply(system, jail, request, limits.name);
    if (withDescriptor) openJailDescriptor(context, jail, options, flags);
    if ((flags & jailFlags.attach) !== 0) attach(context, jail);
    return jail.jid;
  });
}

/** What was found out while checking. */
interface Limits {
  readonly jid: number;
  /** The full new name, or undefined if it stays. */
  readonly name: string | undefined;
}

/** The checks that need the jails: nothing is set before all of them have passed. */
function checkAgainstParent(
  { system, process }: CallContext,
  { jail, parent, jid: wanted, name }: JailTarget,
  request: JailRequest,
  options: OptionList,
): Limits {
  if (jail === undefined && !hasRoom(system, process.jail)) options.refuse('EPERM', 'prison limit exceeded');
  const jid = jail?.jid ?? (wanted !== 0 ? wanted : system.jails.newJid());
  const above = jail?.parent ?? parent;
  if (request.secureLevel !== undefined && request.secureLevel < above.secureLevel) fail('EPERM');
  if (request.childrenMax !== undefined && request.childrenMax >= above.childrenMax) fail('EPERM');
  if (request.enforceStatfs !== undefined && request.enforceStatfs < above.enforceStatfs) fail('EPERM');
  const { devfsRuleset } = request;
  if (devfsRuleset !== undefined && process.jail !== system.jails.host) {
    if (devfsRuleset > 0 && devfsRuleset !== above.devfsRuleset) fail('EPERM');
  }
  checkAddresses(system, jail, above, request.ip4, 'ip4', options);
  checkAddresses(system, jail, above, request.ip6, 'ip6', options);
  const fullName =
    name === undefined && jail !== undefined
      ? undefined
      : checkName(system, jail, above, jid, name ?? '', options);
  for (const [allow, on] of request.allow) if (on && !above.allow.has(allow)) fail('EPERM');
  return { jid, name: fullName };
}

function checkName(
  { jails }: System,
  jail: Jail | undefined,
  parent: Jail,
  jid: number,
  name: string,
  options: OptionList,
): string {
  const last = name === '' ? String(jid) : name;
  if (isNumeric(last) && last !== String(jid)) {
    options.refuse('EINVAL', 'name cannot be numeric (unless it is the jid)');
  }
  const full = parent.name === '' ? last : `${parent.name}.${last}`;
  const longest = jail === undefined ? [] : jails.descendantsOf(jail).map((each) => each.name.length);
  const growth = full.length - (jail?.name.length ?? 0);
  if ([Buffer.byteLength(full), ...longest.map((length) => length + growth)].some((l) => l > maxName)) {
    fail('ENAMETOOLONG');
  }
  return full;
}

/** A jail's addresses must be among its parent's, and not be those of another jail, unless each has only that one. */
function checkAddresses(
  { jails }: System,
  jail: Jail | undefined,
  parent: Jail,
  { list }: AddressRequest,
  family: 'ip4' | 'ip6',
  options: OptionList,
): void {
  if (list === undefined || list.length === 0) return;
  const has = (all: readonly Uint8Array[], one: Uint8Array): boolean => {
    return all.some((each) => Buffer.compare(each, one) === 0);
  };
  const above = parent[family];
  if (above.restricted && !list.every((address) => has(above.list, address))) fail('EPERM');
  for (const other of jails.list) {
    if (other === jail || other.dying || other.vnet !== undefined || vnetOf(other) !== vnetOf(parent))
      continue;
    if (isBelow(parent, other) || other === parent) continue;
    const taken = other[family].list;
    if (!other[family].restricted || (list.length === 1 && taken.length === 1)) continue;
    if (list.some((address) => has(taken, address))) {
      options.refuse('EADDRINUSE', `IPv${family === 'ip4' ? 4 : 6} addresses clash`);
    }
  }
}

function apply({ jails }: System, jail: Jail, request: JailRequest, name: string | undefined): void {
  const below = jails.descendantsOf(jail);
  if (name !== undefined) {
    for (const child of below) child.name = name + child.name.slice(jail.name.length);
    jail.name = name;
  }
  if (request.persist !== undefined) jail.persist = request.persist;
  if (request.persist === true) jail.dying = false;
  if (request.secureLevel !== undefined) {
    jail.secureLevel = request.secureLevel;
    for (const child of below) child.secureLevel = Math.max(child.secureLevel, jail.secureLevel);
  }
  if (request.enforceStatfs !== undefined) {
    jail.enforceStatfs = request.enforceStatfs;
    for (const child of below) child.enforceStatfs = Math.max(child.enforceStatfs, jail.enforceStatfs);
  }
  jail.childrenMax = request.childrenMax ?? jail.childrenMax;
  jail.devfsRuleset = request.devfsRuleset ?? jail.devfsRuleset;
  for (const [allow, on] of request.allow) {
    if (on) jail.allow.add(allow);
    else for (const each of [jail, ...below]) each.allow.delete(allow);
  }
  applyAddresses(jail, 'ip4', request.ip4);
  applyAddresses(jail, 'ip6', request.ip6);
  Object.assign(jail.sourceSelection, request.sourceSelection);
  applyHost(jail, request);
  if (request.allow.get('sysvipc') === true) {
    for (const each of ['sysvmsg', 'sysvsem', 'sysvshm'] as const) jail.sysv.set(each, 2);
  }
  for (const [each, mode] of request.sysv) jail.sysv.set(each, mode);
  if (request.linux === 'inherit') jail.linux = undefined;
  else if (request.linux !== undefined) {
    jail.linux = { ...(jail.linux ?? defaultLinux), ...request.linux };
  }
}

function applyAddresses(jail: Jail, family: 'ip4' | 'ip6', { mode, list }: AddressRequest): void {
  if (list !== undefined) jail[family] = { restricted: true, list: [...list] };
  else if (mode !== undefined) jail[family] = { restricted: mode !== 2, list: [] };
}

function applyHost(jail: Jail, { host, hostMode }: JailRequest): void {
  const own = Object.keys(host).length > 0;
  if (hostMode === 2 && !own) jail.host = undefined;
  else if (hostMode === 1 || own) {
    jail.host ??= newHostNames();
    Object.assign(jail.host, host);
  }
}
