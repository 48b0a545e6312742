import { fail, ModelPanic } from './failure.js';
import { interfaceFlags, leaveBridge, newInterface, type Interface } from './interface.js';
import type { System } from './system.js';
import { Vnet } from './vnet.js';

/** All network stacks, and what goes on between them. */
export class Network {
  readonly host: Vnet;
  readonly system: System;
  readonly stacks = new Set<Vnet>();
  #ethernetAddresses = 0;

  constructor(system: System) {
    this.system = system;
    this.host = this.createVnet();
    const lo = newInterface(this.host, 'lo', 0, 'lo0', new Uint8Array(0), false);
    lo.flags = 0x8049;
    newInterface(this.host, 'vtnet', 0, 'vtnet0', Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56), false);
  }

  createVnet(): Vnet {
    const vnet = new Vnet();
    this.stacks.add(vnet);
    return vnet;
  }

  /** The first bytes of the addresses of a new epair: never the same again. */
  newEthernetAddress(last: number): Uint8Array {
    this.#ethernetAddresses++;
    const count = this.#ethernetAddresses;
    return Uint8Array.of(2, 0x5e, (count >> 16) & 0xff, (count >> 8) & 0xff, count & 0xff, last);
  }

  /** Moves an interface, which loses most of what was set of it. */
  move(interface_: Interface, target: Vnet): void {
    leaveBridge(interface_);
    interface_.vnet.remove(interface_);
    interface_.addresses4 = [];
    interface_.addresses6 = [];
    interface_.members = [];
    interface_.flags &= ~interfaceFlags.up;
    interface_.groups = target === interface_.home ? ['all'] : ['all', interface_.kind];
    target.add(interface_);
  }

  /** Destroys an interface, and the other half of an epair wherever that is. */
  destroy(interface_: Interface): void {
    const halves = interface_.peer === undefined ? [interface_] : [interface_, interface_.peer];
    for (const half of halves) this.#refuseTeardown(half, halves);
    for (const half of halves) {
      leaveBridge(half);
      for (const { interface: member } of half.members) member.flags &= ~interfaceFlags.promiscuous;
      half.vnet.remove(half);
    }
    interface_.cloner?.units.get(interface_.kind)?.delete(interface_.unit);
  }

  /** The end of a jail's network stack: guests go home, what was made in it is gone. */
  destroyVnet(vnet: Vnet): void {
    for (const interface_ of vnet.interfaces) {
      if (interface_.home === vnet) continue;
      this.move(interface_, interface_.home);
    }
    for (const stack of this.stacks) {
      for (const interface_ of stack.interfaces.filter(({ cloner }) => cloner === vnet))
        this.destroy(interface_);
    }
    this.stacks.delete(vnet);
  }

  /** The two ways of taking an interface away at the same time do not go together, if it was ever in use. */
  #refuseTeardown(half: Interface, halves: readonly Interface[]): void {
    const dying = this.system.jails.list.some(({ vnet, teardown }) => teardown && vnet === half.vnet);
    const used = halves.some(({ wasUp, addresses4, addresses6 }) => {
      return wasUp || addresses4.length > 0 || addresses6.length > 0;
    });
    if (dying && used)
      throw new ModelPanic(`destroy of ${half.name} while its jail's network stack is torn down`);
  }

  /** The interface of this name in a stack; ENXIO if there is none. */
  find(vnet: Vnet, name: string): Interface {
    return vnet.find(name) ?? fail('ENXIO');
  }
}
