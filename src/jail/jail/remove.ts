import { setTimeout as sleep } from 'node:timers/promises';
import { isKernelError } from '../../kernel/error.js';
import { statusAt } from '../../kernel/freebsd/file.js';
import { getJail, removeJail } from '../../kernel/freebsd/jail.js';
import { run, type FreeBSD } from '../../kernel/freebsd/run.js';
import { RuntimeError } from '../../runtime/error.js';
import { findJails } from './find.js';

/** How the end of a jail is waited for. */
export interface DeathWatch {
  /** milliseconds that a jail may take to die */
  readonly patience: number;
  /** waits; the clock of tests is another one */
  readonly pause?: (milliseconds: number) => Promise<void>;
}

// From the first look to the next, and never longer than the last of these.
const firstPause = 1;
const longestPause = 100;

/**
 * Removes a jail by its number, with all its processes and the jails below it, and waits until it has died: as long as
 * it has not, it holds its root and its interfaces. A jail that is gone is no error.
 *
 * @throws RuntimeError failed, naming the jail, if it is still dying when the patience is at its end
 */
export async function removeJailAndWait(system: FreeBSD, jid: number, watch: DeathWatch): Promise<void> {
  const removed = await run(system, (b) => b.attempt(() => removeJail(b, jid)));
  // EINVAL: there is none of this number.
  if (isKernelError(removed) && removed.code !== 'EINVAL') throw removed;
  const pause = watch.pause ?? ((milliseconds: number) => sleep(milliseconds));
  let waited = 0;
  for (let next = firstPause; await exists(system, jid); next = Math.min(next * 2, longestPause)) {
    if (waited >= watch.patience) throw stillDying(jid, waited);
    await pause(next);
    waited += next;
  }
}

/** The same by a jail's full name; for those who have lost its number. */
export async function removeJailNamed(system: FreeBSD, name: string, watch: DeathWatch): Promise<void> {
  const [jail] = await findJails(system, [name], [], { dying: true });
  if (jail !== undefined) await removeJailAndWait(system, jail.jid, watch);
}

/** Waits for the end of a jail of this full name, if it is dying; one that lives is left as it is. */
export async function awaitDying(system: FreeBSD, name: string, watch: DeathWatch): Promise<void> {
  const [jail] = await findJails(system, [name], ['dying'], { dying: true });
  if (jail?.values.dying === true) await removeJailAndWait(system, jail.jid, watch);
}

async function exists(system: FreeBSD, jid: number): Promise<boolean> {
  const { found } = await run(system, (b) => ({
    // A terminal that was opened in the jail holds it after its last close until somebody looks anything up in a devfs
    // (12.1). Whether it finds it does not matter.
    looked: b.attempt(() => statusAt(b, '/dev/null')),
    found: b.attempt(() => getJail(b, { jid }, [], { dying: true })),
  }));
  if (isKernelError(found, 'ENOENT')) return false;
  if (isKernelError(found)) throw found;
  return true;
}

function stillDying(jid: number, waited: number): RuntimeError {
  return new RuntimeError(
    'failed',
    `jail ${jid} is still dying after ${waited / 1000} s: a process that cannot be killed, ` +
      'an open file or a connection holds it',
  );
}
