import type { System } from './system.js';
import { Vnet } from './vnet.js';

/** All network stacks. */
export class Network {
  readonly host: Vnet;
  readonly system: System;
  readonly stacks = new Set<Vnet>();

  constructor(system: System) {
    this.system = system;
    this.host = this.createVnet();
  }

  createVnet(): Vnet {
    const vnet = new Vnet();
    this.stacks.add(vnet);
    return vnet;
  }

  /** The end of a jail's network stack. */
  destroyVnet(vnet: Vnet): void {
    this.stacks.delete(vnet);
  }
}
