import { fail } from './failure.js';
import { isBelow, nameSeenFrom, type Jail } from './jail.js';

// JAIL_MAX of kern_jail.c: jids that the kernel chooses end there, those asked for do not.
const jailMax = 999_999;

/** All jails, dying ones too, by rising jid. */
export class JailTable {
  readonly host: Jail;
  readonly #jails = new Map<number, Jail>();
  #lastJid = 0;

  constructor(host: Jail) {
    this.host = host;
  }

  get list(): Jail[] {
    return [...this.#jails.values()].sort((a, b) => a.jid - b.jid);
  }

  get(jid: number): Jail | undefined {
    return this.#jails.get(jid);
  }

  /** A jail that those in `viewer` see: one below it. */
  find(viewer: Jail, jid: number): Jail | undefined {
    const jail = this.#jails.get(jid);
    return jail !== undefined && isBelow(jail, viewer) ? jail : undefined;
  }

  /** By the name that it has for those in `viewer`; one that lives rather than one that is dying. */
  findByName(viewer: Jail, name: string): Jail | undefined {
    const found = this.list.filter((jail) => isBelow(jail, viewer) && nameSeenFrom(jail, viewer) === name);
    return found.find(({ dying }) => !dying) ?? found.at(-1);
  }

  /** Those directly in a jail. */
  childrenOf(parent: Jail): Jail[] {
    return this.list.filter((jail) => jail.parent === parent);
  }

  descendantsOf(ancestor: Jail): Jail[] {
    return this.list.filter((jail) => isBelow(jail, ancestor));
  }

  /** The number for a new jail: jids only grow until they begin anew. */
  newJid(): number {
    for (let tried = 0; tried < jailMax; tried++) {
      this.#lastJid = this.#lastJid === jailMax ? 1 : this.#lastJid + 1;
      if (!this.#jails.has(this.#lastJid)) return this.#lastJid;
    }
    return fail('EAGAIN');
  }

  add(jail: Jail): void {
    this.#jails.set(jail.jid, jail);
  }

  delete(jail: Jail): void {
    this.#jails.delete(jail.jid);
  }
}
