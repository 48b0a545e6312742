import type { System } from './system.js';

/** A network stack: the host's or a jail's. */
export class Vnet {
  /** Whether it has interfaces that came from another one. */
  get hasGuests(): boolean {
    return false;
  }
}

/** The network stack of a new jail. */
export function createJailVnet(system: System): Vnet {
  return system.network.createVnet();
}
