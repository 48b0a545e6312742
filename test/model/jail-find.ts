import { isBelow, nameSeenFrom, type Jail } from './jail.js';
import { jailFlags, type JailRequest } from './jail-request.js';
import type { OptionList } from './option-list.js';
import type { System } from './system.js';

/** Which jail jail_set(2) is about. */
export interface JailTarget {
  /** The one to be changed; undefined if a new one is to be made. */
  readonly jail: Jail | undefined;
  /** Where a new one is made. */
  readonly parent: Jail;
  /** The jid that was asked for, or 0. */
  readonly jid: number;
  /** The last part of its name; '' for its jid; undefined if the name stays. */
  readonly name: string | undefined;
}

/** Finds the jail by jid or name with the rules and the errors of kern_jail_set(). */
export function findJailTarget(
  { jails }: System,
  viewer: Jail,
  request: JailRequest,
  options: OptionList,
): JailTarget {
  const operation = request.flags & 3;
  const createOnly = operation === jailFlags.create;
  const updateOnly = operation === jailFlags.update;
  const mayBeDying = (request.flags & jailFlags.dying) !== 0;
  let { name } = request;
  const jid = createOnly && request.jid === 0 && name !== undefined ? numberIn(lastPart(name)) : request.jid;
  let jail: Jail | undefined;
  let parent = viewer;
  if (jid !== 0) {
    if (jid < 0) options.refuse('EINVAL', 'negative jid');
    const found = jails.get(jid);
    if (found !== undefined && createOnly) options.refuse('EEXIST', `jail ${jid} already exists`);
    if (found !== undefined && isBelow(found, viewer)) {
      if (found.dying && !mayBeDying) options.refuse('ENOENT', `jail ${jid} is dying`);
      const revived = (request.flags & jailFlags.attach) !== 0 || request.persist === true;
      // Another jail may have taken its name meanwhile: it has to claim it anew.
      if (found.dying && revived) name ??= nameSeenFrom(found, viewer);
      jail = found;
      parent = found.parent ?? viewer;
    }
    if (jail === undefined && updateOnly) options.refuse('ENOENT', `jail ${jid} not found`);
  }
  if (name === undefined) {
    if (updateOnly && jail === undefined) options.refuse('ENOENT', 'update specified no jail');
    return { jail, parent, jid, name: undefined };
  }
  const dot = name.lastIndexOf('.');
  if (dot >= 0) parent = parentOf(jails, viewer, name.slice(0, dot), jail, options);
  const last = lastPart(name);
  if (last !== '') {
    const same = jails.childrenOf(parent).filter((each) => each !== jail && lastPart(each.name) === last);
    const live = same.find(({ dying }) => !dying);
    if (live !== undefined && (jail !== undefined || createOnly)) {
      options.refuse('EEXIST', `jail "${name}" already exists`);
    }
    if (jail === undefined && !createOnly) {
      const dead = live === undefined ? same.at(-1) : undefined;
      if (dead !== undefined && !mayBeDying && updateOnly) {
        options.refuse('ENOENT', `jail "${name}" is dying`);
      }
      jail = live ?? (mayBeDying ? dead : undefined);
    }
  }
  if (updateOnly && jail === undefined) {
    options.refuse('ENOENT', last === '' ? 'update specified no jail' : `jail "${name}" not found`);
  }
  return { jail, parent, jid, name: last };
}

function parentOf(
  jails: System['jails'],
  viewer: Jail,
  name: string,
  jail: Jail | undefined,
  options: OptionList,
): Jail {
  if (jail !== undefined) {
    const parent = jail.parent ?? viewer;
    if (parent.name !== name) options.refuse('EINVAL', "cannot change jail's parent");
    return parent;
  }
  const parent = jails.findByName(viewer, name);
  if (parent === undefined || parent.dying) options.refuse('ENOENT', `jail "${name}" not found`);
  return parent;
}

export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** strtoul(3) into an int, or 0 if something is left: blanks and a sign may come first. */
export function numberIn(text: string): number {
  if (!isNumeric(text)) return 0;
  const value = BigInt(text.trimStart().replace(/^\+/, ''));
  const most = (1n << 64n) - 1n;
  const clamped = value > most || value < -most ? most : value;
  return Number(BigInt.asIntN(32, clamped));
}

export function isNumeric(text: string): boolean {
  return /^\s*[-+]?\d+$/.test(text);
}
