import type { BoundPort } from './bind.js';
import type { Interface, InterfaceKind } from './interface.js';
import { newInterface } from './interface.js';
import type { PacketFilter } from './pf-state.js';
import { newPacketFilter } from './pf-state.js';
import type { Route } from './route.js';
import type { System } from './system.js';

/** A network stack: the host's or a jail's. */
export class Vnet {
  interfaces: Interface[] = [];
  routes: Route[] = [];
  /** What sockets are bound to. */
  ports: BoundPort[] = [];
  readonly filter: PacketFilter = newPacketFilter();
  /** The numbers that the cloners of this stack have given away. */
  readonly units = new Map<InterfaceKind, Set<number>>();
  /** sysctl values that each stack has of its own. */
  readonly settings = new Map<string, number>();
  #lastIndex = 0;

  /** An interface by its name: the oldest, if there are several. */
  find(name: string): Interface | undefined {
    return this.interfaces.find((each) => each.name === name);
  }

  add(interface_: Interface): void {
    this.#lastIndex++;
    interface_.index = this.#lastIndex;
    interface_.vnet = this;
    this.interfaces.push(interface_);
  }

  remove(interface_: Interface): void {
    this.interfaces = this.interfaces.filter((each) => each !== interface_);
    this.routes = this.routes.filter((route) => route.interface !== interface_);
  }
}

/** A stack as a new jail gets it: lo0, down, and pflog0 if there is a packet filter. */
export function createJailVnet(system: System): Vnet {
  const vnet = system.network.createVnet();
  newInterface(vnet, 'lo', 0, 'lo0', new Uint8Array(0), false);
  if (system.modules.has('pf')) newInterface(vnet, 'pflog', 0, 'pflog0', new Uint8Array(0), false);
  return vnet;
}
