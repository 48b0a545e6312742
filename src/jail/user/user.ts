import { RuntimeError } from '../../runtime/error.js';
import type { ProcessPlan } from '../plan/process.js';
import { shown } from '../spec/field.js';
import { groupEntries, idOf, passwdEntries, type PasswdEntry } from './files.js';

/** The texts of an image's own files; undefined for one that it does not have. */
export interface UserFiles {
  readonly passwd: string | undefined;
  readonly group: string | undefined;
}

/** Who a process is, in numbers. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** beside `gid`; each once */
  readonly groups: readonly number[];
  /** absolute; "/" for a user without a home */
  readonly home: string;
  /** what getlogin(2) says; empty for a user without an entry */
  readonly login: string;
}

/** Who a process of a container is to be. */
export type WantedUser = Pick<ProcessPlan, 'user' | 'additionalGids'>;

// NGROUPS_MAX of sys/syslimits.h, less the user's own group.
const mostGroups = 1023;

// MAXLOGNAME of sys/param.h, less the NUL.
const longestLogin = 32;

/**
 * Turns a user into numbers, by an image's own passwd(5) and group(5). Numbers need no entry there; without one a user
 * is of group 0 and lives in "/". A user without an explicit group is also of all groups that list it, as with Docker's
 * USER; one that a spec gives in numbers is only of those that the spec lists, as the client has looked them up.
 *
 * @throws RuntimeError invalid, naming the user or group that is not there
 */
export function resolveUser({ user, additionalGids }: WantedUser, files: UserFiles): ResolvedUser {
  if (user.kind === 'ids') {
    const entry = findUser(files, ({ uid }) => uid === user.uid);
    const groups = others(user.gid, additionalGids);
    return { uid: user.uid, gid: user.gid, groups, ...personOf(entry) };
  }
  const [name = '', groupName, ...rest] = user.user.split(':');
  if (rest.length > 0) fail(user.user, 'is neither USER nor USER:GROUP');
  const { uid, entry } = lookUp(name, files);
  const explicit = groupName !== undefined && groupName !== '';
  const gid = explicit ? groupId(user.user, groupName, files) : (entry?.gid ?? 0);
  const listed = explicit || entry === undefined ? [] : groupsOf(entry.name, files);
  return { uid, gid, groups: others(gid, [...listed, ...additionalGids]), ...personOf(entry) };
}

/** An environment with HOME, unless it has one already. */
export function withHome(env: readonly string[], { home }: Pick<ResolvedUser, 'home'>): readonly string[] {
  return env.some((entry) => entry.startsWith('HOME=')) ? env : [...env, `HOME=${home}`];
}

function lookUp(name: string, files: UserFiles): { uid: number; entry: PasswdEntry | undefined } {
  // Of "USER :GROUP"; without a user it is root.
  const wanted = name === '' ? '0' : name;
  const number = idOf(wanted);
  // A name in digits is a name first, as for chown(8).
  const entry =
    findUser(files, (one) => one.name === wanted) ??
    (number === undefined ? undefined : findUser(files, ({ uid }) => uid === number));
  const uid = entry?.uid ?? number;
  return uid === undefined ? fail(wanted, "is no user of the image's /etc/passwd") : { uid, entry };
}

function findUser({ passwd = '' }: UserFiles, is: (entry: PasswdEntry) => boolean): PasswdEntry | undefined {
  for (const entry of passwdEntries(passwd)) if (is(entry)) return entry;
  return undefined;
}

function groupId(user: string, name: string, { group = '' }: UserFiles): number {
  for (const entry of groupEntries(group)) if (entry.name === name) return entry.gid;
  return idOf(name) ?? fail(user, `: ${shown(name)} is no group of the image's /etc/group`);
}

function groupsOf(name: string, { group = '' }: UserFiles): number[] {
  const gids = new Set<number>();
  for (const entry of groupEntries(group)) if (entry.members.includes(name)) gids.add(entry.gid);
  return [...gids];
}

function others(own: number, gids: readonly number[]): number[] {
  const groups = [...new Set(gids)].filter((gid) => gid !== own);
  if (groups.length > mostGroups) {
    throw new RuntimeError('invalid', `user: ${groups.length} groups, at most ${mostGroups}`);
  }
  return groups;
}

function personOf(entry: PasswdEntry | undefined): Pick<ResolvedUser, 'home' | 'login'> {
  if (entry === undefined) return { home: '/', login: '' };
  // The image says it, and ps(1) of the host shows it.
  const fits = Buffer.byteLength(entry.name) <= longestLogin && !/[\p{C}\p{Z}]/u.test(entry.name);
  return { home: entry.home.startsWith('/') ? entry.home : '/', login: fits ? entry.name : '' };
}

function fail(user: string, why: string): never {
  const text = `user ${shown(user)}${why.startsWith(':') ? '' : ' '}${why}`;
  throw new RuntimeError('invalid', text);
}
