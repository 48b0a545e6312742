import { fail } from './failure.js';
import type { System } from './system.js';

/** The files that the kernel consists of: itself, and those that were loaded since. */
export class KernelFiles {
  readonly #system: System;
  /** By their numbers, the kernel first. */
  #names: string[] = ['kernel'];

  constructor(system: System) {
    this.#system = system;
  }

  /** Loads a module, as kldload(2) does with a name or a path. */
  load(path: string): number {
    const { loadable, modules } = this.#system;
    const name = path.replace(/^\/boot\/kernel\//, '').replace(/\.ko$/, '');
    // By a path the file must be there; a name is also that of a module.
    if (!path.includes('/') && modules.has(name)) return fail('EEXIST');
    if (!loadable.has(name)) return fail('ENOENT');
    if (modules.has(name)) return fail('EEXIST');
    this.#system.load(name);
    this.#names = [...this.#names, `${name}.ko`];
    return this.#names.length;
  }

  /** The number of a file; ENOENT for what is compiled in. */
  find(path: string): number {
    const index = this.#names.findIndex((name) => name === path || name === `${path}.ko`);
    return index < 0 ? fail('ENOENT') : index + 1;
  }

  /** The name of a file; ENOENT if there is none of this number. */
  name(id: number): string {
    return this.#names[id - 1] ?? fail('ENOENT');
  }

  /** The number of a module, whichever file it is in. */
  module(name: string): number {
    const index = [...this.#system.modules].indexOf(name);
    return index < 0 ? fail('ENOENT') : index + 1;
  }
}
