import { isKernelError } from '../kernel/error.js';
import { lendInterface, reclaimInterface } from '../kernel/freebsd/interface.js';
import { run, type FreeBSD } from '../kernel/freebsd/run.js';
import type { Journal } from '../runtime/journal.js';
import { findJails } from './jail/find.js';

/** What the journal says of an interface of the host that is about to go into a jail. */
export interface LentDetail {
  readonly interface: string;
  /** the jail's full name */
  readonly jail: string;
}

/** The kind of such an entry. */
export const lentKind = 'lent';

/** Moves interfaces of the host into a jail with a network stack of its own, each written down before. */
export async function lendInterfaces(
  system: FreeBSD,
  jail: { readonly jid: number; readonly name: string },
  interfaces: readonly string[],
  journal: Journal,
): Promise<void> {
  for (const name of interfaces) {
    journal.making(lentKind, { interface: name, jail: jail.name } satisfies LentDetail);
    await run(system, (b) => lendInterface(b, name, jail.jid));
  }
}

/**
 * Takes an interface back, while the jail is there: waiting for the end of its network stack can take long. One that never
 * went there, that was renamed there or that is back already comes back, or has come, without this.
 */
export async function reclaimLent(system: FreeBSD, detail: LentDetail): Promise<void> {
  const [jail] = await findJails(system, [detail.jail]);
  if (jail === undefined) return;
  const taken = await run(system, (b) => b.attempt(() => reclaimInterface(b, detail.interface, jail.jid)));
  if (isKernelError(taken) && taken.code !== 'ENXIO') throw taken;
}
