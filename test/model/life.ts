import { isWithin, type Jail } from './jail.js';
import type { Process } from './process.js';
import type { System } from './system.js';

// When a jail dies and when it is gone: prison_deref() of kern_jail.c. A jail lives as long as it is to persist, has a
// process that is not a zombie, or has a jail in it. It is there as long as anything of it is held.

/** Lets all jails die and go that nothing keeps. */
export function collectJails(system: System): void {
  // From the innermost outwards, as jails keep those that they lie in.
  for (const jail of system.jails.list.sort((a, b) => depth(b) - depth(a))) {
    if (!isHeldAlive(system, jail)) jail.dying = true;
    if (!jail.dying || isHeld(system, jail)) continue;
    if (jail.vnet !== undefined) jail.teardown = true;
    else free(system, jail);
  }
}

/** The end of the teardown of a network stack, which takes a thread of the kernel some time. */
export function finishTeardown(system: System, jail: Jail): void {
  if (jail.teardown && !isHeld(system, jail)) free(system, jail);
  collectJails(system);
}

function free(system: System, jail: Jail): void {
  jail.teardown = false;
  system.jails.delete(jail);
  if (jail.vnet !== undefined) system.network.destroyVnet(jail.vnet);
}

function depth(jail: Jail): number {
  let levels = 0;
  for (let up = jail.parent; up !== undefined; up = up.parent) levels++;
  return levels;
}

function isHeldAlive(system: System, jail: Jail): boolean {
  const inside = (process: Process): boolean => process.alive && process.jail === jail;
  return jail.persist || system.processes.list.some(inside) || system.jails.childrenOf(jail).length > 0;
}

function isHeld(system: System, jail: Jail): boolean {
  return (
    system.processes.list.some((process) => process.jail === jail) ||
    system.jails.childrenOf(jail).length > 0 ||
    system.openFiles().some((file) => file.jail === jail) ||
    system.mounts.list.some(({ owner }) => owner === jail) ||
    system.terminals.isHeldBy(jail)
  );
}

/** jail_remove(2): kills what is in a jail and in those below, without waiting for its end. */
export function removeJail(system: System, jail: Jail): void {
  for (const each of system.jails.list.filter((other) => isWithin(other, jail))) {
    each.persist = false;
    if (each.dying) continue;
    for (const process of system.processes.list) {
      if (process.alive && process.jail === each) system.processes.end(process, 9);
    }
  }
  collectJails(system);
}
