import type { BatchBuilder, Step } from './batch-builder.js';
import { checkId, checkInteger, checkText } from './check.js';

/** Who a process is to be, in numbers. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Further groups. */
  readonly groups: readonly number[];
}

/** Refuses an identity that no process can have, naming the field. Throws a RangeError. */
export function checkIdentity(b: Pick<BatchBuilder, 'bindings'>, { uid, gid, groups }: Identity): void {
  checkId('uid', uid);
  checkId('gid', gid);
  groups.forEach((group, index) => checkId(`groups[${index}]`, group));
  const { NGROUPS_MAX } = b.bindings.constants;
  if (groups.length > NGROUPS_MAX) throw new RangeError(`groups: ${groups.length}, at most ${NGROUPS_MAX}`);
}

/**
 * Makes the caller another user, for good unless that is root: setgroups(2), setgid(2), setuid(2), in the only order
 * that works. No group of whoever made the caller is left.
 */
export function becomeUser(b: BatchBuilder, identity: Identity): Step<void> {
  checkIdentity(b, identity);
  const { uid, gid, groups } = identity;
  // Up to 14 the first one is the effective group, which setgid sets again; with none of them it would be left as
  // it was. From 15 on, which has system calls of its own for that, the list holds further groups only.
  const list = b.bindings.release < 15 ? [gid, ...groups] : groups;
  const at = b.arena.array('u32', list, 'groups');
  b.call('setgroups', [list.length, { arena: at }], { object: `groups ${list.join(', ')}` });
  b.call('setgid', [gid], { object: `group ${gid}` });
  return { value: b.call('setuid', [uid], { object: `user ${uid}` }), decode: () => undefined };
}

/**
 * Gives the caller a session and a process group of its own: setsid(2). EPERM if it leads a group already. Answers
 * the session's number, which is its pid.
 */
export function startSession(b: BatchBuilder): Step<number> {
  const value = b.call('setsid', [], { object: 'session' });
  return { value, decode: ({ valueOf }) => valueOf(value) };
}

/** Sets the login name of the caller's session: setlogin(2). Only after `startSession` is that not somebody else's too. */
export function setLogin(b: BatchBuilder, name: string): Step<void> {
  checkText('login', name, b.bindings.constants.MAXLOGNAME);
  const value = b.call('setlogin', [{ arena: b.arena.text(name, 'login') }], { object: `login ${name}` });
  return { value, decode: () => undefined };
}

/** Sets which permission bits new files do not get: umask(2). */
export function setUmask(b: BatchBuilder, mask: number): Step<void> {
  checkInteger('umask', mask, 0, 0o777);
  return { value: b.call('umask', [mask], { object: 'umask' }), decode: () => undefined };
}
