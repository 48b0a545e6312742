import { listJails } from '../kernel/freebsd/jail.js';
import type { FreeBSD } from '../kernel/freebsd/run.js';
import type { LivingJails } from '../network/living.js';
import { jailName, parseJailName } from './name.js';

/** The jails that there are now, and whose they are by their names. */
export async function livingJails(system: FreeBSD): Promise<LivingJails> {
  const jails = await listJails(system, ['name'], { dying: true });
  const own = jails.map(({ values: { name } }) => name.slice(name.lastIndexOf('.') + 1));
  const names = new Set(own);
  const jids = new Set(jails.map(({ jid }) => jid));
  const owners = own.map(parseJailName);
  return {
    has: (container) => names.has(jailName(container)),
    hasJid: (jid) => jids.has(jid),
    known: owners.flatMap((owner) => (owner !== undefined && 'key' in owner ? [owner.key] : [])),
    hasOthers: owners.some((owner) => owner !== undefined && 'digest' in owner),
  };
}
